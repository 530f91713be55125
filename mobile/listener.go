package mobile

// Listener is what the app gives to Connect. Kotlin implements it. Receive is called on one thread of the channel, one notice after
// the other, in order; a method that throws gets an event again, three times in all.
type Listener interface {
	// Receive takes one notice: {"v":1,"kind":"online|offline|event|resync_required","id","seq","event","payload","code","final"}.
	// id, seq, event and payload are those of an event, which counts as handled when Receive returned; an event may come again
	// after the app was killed, so handle it by its id. code says why the channel is offline, final that it does not connect again
	// by itself. resync_required: events are missing for good, read the state anew. It may take its time and may call any method
	// of the Terminal, Disconnect and Close too.
	Receive(noticeJSON string) error
}
