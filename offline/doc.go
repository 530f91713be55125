// Package offline keeps what a terminal needs without network: the lists it decides from, the journal of entries it made,
// and the ledger of every access it gave out (protocol section 1.4).
//
// A data folder belongs to one [Store] at a time. It holds two kinds of file. The journal, journal.db, is written with every
// entry and is durable before a call returns (SQLite, WAL, synchronous=FULL); its rows carry a chained MAC, so that a flipped
// byte or a missing row is found. The lists, one immutable file per version, are built beside the live ones, verified, synced
// and then put in force by one commit in the journal.
//
// [Store.Sync] fetches the lists, [Store.Decide] answers from them, the ledger methods (Grant…, Confirm…, Void) turn an
// answer into an entry, [Store.Upload] reports entries, [Store.RunDue] does what a daily job must. A PAN is an argument and
// never stored: its keyed hash is.
//
// What survives a crash: everything a method acknowledged by returning nil. What is lost with the chain's key: only the
// proof; rows still upload, marked unverified.
//
// All methods are safe for concurrent use. Decide does not wait for Sync or Upload.
package offline
