package offline

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// TestNextAccess: every state meets every event.
func TestNextAccess(t *testing.T) {
	t.Parallel()
	states := []AccessState{Issued, Asking, Confirmed, Voided, Ended, Quarantined}
	events := []accessEvent{ask, settle, revert, refuse, void}
	type step struct {
		state AccessState
		event accessEvent
		again bool
	}
	want := map[step]AccessState{
		{Issued, ask, false}: Asking, {Issued, ask, true}: Asking, {Asking, ask, false}: Asking, {Asking, ask, true}: Asking,
		{Issued, settle, false}: Confirmed, {Issued, settle, true}: Confirmed, {Asking, settle, false}: Confirmed,
		{Asking, settle, true}: Confirmed, {Confirmed, settle, false}: Confirmed, {Confirmed, settle, true}: Confirmed,
		{Asking, revert, false}: Issued, {Asking, revert, true}: Asking,
		{Asking, refuse, false}: Ended, {Asking, refuse, true}: Quarantined,
		{Issued, void, false}: Voided, {Issued, void, true}: Voided, {Voided, void, false}: Voided, {Voided, void, true}: Voided,
		{Quarantined, void, false}: Voided, {Quarantined, void, true}: Voided,
	}
	for _, state := range states {
		for _, event := range events {
			for _, again := range []bool{false, true} {
				next, err := nextAccess(state, event, again)
				if to, possible := want[step{state, event, again}]; possible {
					require.NoError(t, err, "%s %s %v", state, event, again)
					require.Equal(t, to, next, "%s %s %v", state, event, again)
					continue
				}
				require.Error(t, err, "%s %s %v", state, event, again)
				require.Equal(t, state, next, "what cannot happen changes nothing")
			}
		}
	}
}

// TestConfirmOffline: the same guests twice are one row, other guests are refused.
func TestConfirmOffline(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	a := grant(t, s, hashOf(1))
	for _, guests := range []int{-1, 4} {
		_, _, err := s.Confirm(t.Context(), nil, a.ID, guests, 0)
		requireCode(t, fault.InvalidGuests, err)
	}
	_, _, err := s.Confirm(t.Context(), nil, "no such access", 1, 0)
	requireCode(t, fault.AccessNotFound, err)
	require.Empty(t, statesOf(t, s), "a refused confirm writes nothing")
	for range 2 {
		got, known, err := s.Confirm(t.Context(), nil, a.ID, 3, 0)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, Confirmed, got.State)
		require.Equal(t, 3, got.Guests)
	}
	_, _, err = s.Confirm(t.Context(), nil, a.ID, 2, 0)
	requireCode(t, fault.AlreadyConfirmed, err)
	source.Advance(time.Hour)
	s = reopen(t, s)
	_, _, err = s.Confirm(t.Context(), nil, a.ID, 3, 0)
	require.NoError(t, err, "an entry does not run out, and a restart forgets nothing")
	require.Equal(t, map[string]entryState{a.ID: waiting}, statesOf(t, s))
}

// TestSameConfirmAtOnce: many confirms of one access are one row.
func TestSameConfirmAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := grant(t, s, hashOf(1))
	errs := make([]error, 16)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, _, errs[i] = s.Confirm(t.Context(), nil, a.ID, 1, 0) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	counts, err := s.Counts()
	require.NoError(t, err)
	require.Equal(t, Counts{Pending: 1}, counts)
}

// TestAccessExpires: 120 s after the grant an access cannot be confirmed any more, a nanosecond before it can.
func TestAccessExpires(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	early, late := grant(t, s, hashOf(1)), grant(t, s, hashOf(2))
	require.Equal(t, testNoon.Add(AccessLife), late.ExpiresAt)
	source.Advance(AccessLife - 1)
	_, _, err := s.Confirm(t.Context(), nil, early.ID, 0, 0)
	require.NoError(t, err)
	source.Advance(1)
	_, _, err = s.Confirm(t.Context(), nil, late.ID, 0, 0)
	requireCode(t, fault.AccessExpired, err)
	source.Move(-time.Hour)
	_, _, err = s.Confirm(t.Context(), nil, late.ID, 0, 0)
	requireCode(t, fault.AccessExpired, err)
	_, err = s.Void(late.ID)
	require.NoError(t, err)
	require.Len(t, statesOf(t, s), 1)
}

// TestVoidOffline: what was not sent is taken back, twice if asked; what was sent is not.
func TestVoidOffline(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	issued := grant(t, s, hashOf(100))
	ids := enter(t, s, 3)
	for _, id := range []string{issued.ID, issued.ID, ids[0]} {
		a, err := s.Void(id)
		require.NoError(t, err)
		require.Equal(t, Voided, a.State)
	}
	_, err := s.Void(ids[0])
	require.NoError(t, err, "voiding again is the same void")
	for _, id := range []string{issued.ID, ids[0]} {
		_, _, err := s.Confirm(t.Context(), nil, id, 1, 0)
		requireCode(t, fault.AccessNotFound, err)
	}
	server := newReportServer()
	client, _ := ServeMACS(t, server)
	_, err = s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]int{ids[1]: 1, ids[2]: 1}, server.taken(), "a voided entry is not uploaded")
	_, err = s.Void(ids[1])
	requireCode(t, fault.AlreadyReported, err)
	_, err = s.Void("no such access")
	requireCode(t, fault.AccessNotFound, err)
	require.Equal(t, map[string]entryState{ids[0]: voided, ids[1]: uploaded, ids[2]: uploaded}, statesOf(t, reopen(t, s)))
}

// TestRequestIDIsUsedAgain: a check without an answer goes on under its id for 120 s, also after a restart, and not later.
func TestRequestIDIsUsedAgain(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	begin := func(n int) string {
		id, err := s.BeginCheck(hashOf(n))
		require.NoError(t, err)
		require.Len(t, id, 36)
		return id
	}
	first := begin(1)
	require.NotEqual(t, first, begin(2), "another card is another check")
	source.Advance(AccessLife - time.Second)
	require.Equal(t, first, begin(1))
	s = reopen(t, s)
	require.Equal(t, first, begin(1))
	source.Advance(time.Second)
	second := begin(1)
	require.NotEqual(t, first, second, "120 s are over")
	require.Equal(t, second, begin(1))

	_, err := s.GrantOffline(hashOf(1), second, Decision{Reason: InWhitelist})
	require.NoError(t, err)
	third := begin(1)
	require.NotEqual(t, second, third, "an answered check is over")
	_, err = s.GrantOnline(hashOf(1), third, macs.Access{AccessID: "a", Life: time.Minute})
	require.NoError(t, err)
	fourth := begin(1)
	require.NotEqual(t, third, fourth)
	require.NoError(t, s.Refuse(hashOf(1), fault.LimitExceeded, false))
	require.NotEqual(t, fourth, begin(1))
}

// confirmServer answers confirm_entry with what a test says.
type confirmServer struct {
	mu     sync.Mutex
	status int
	code   string
	asked  []int
}

func (s *confirmServer) say(status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.code = status, code
}

func (s *confirmServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Guests int `json:"guests"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, body.Guests)
	w.WriteHeader(s.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "confirmed", "errorCode": s.code})
}

// TestConfirmOnline: what each answer makes of an access, the first time and after a confirm without an answer.
func TestConfirmOnline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		status       int
		code         string
		fault        fault.Code
		first, again AccessState
	}{
		{"confirmed", 200, "", "", Confirmed, Confirmed},
		{"not found", 404, "ACCESS_NOT_FOUND", fault.AccessNotFound, Ended, Quarantined},
		{"already confirmed", 409, "ALREADY_CONFIRMED", fault.AlreadyConfirmed, Ended, Quarantined},
		{"invalid guests", 422, "INVALID_GUESTS", fault.InvalidGuests, Issued, Quarantined},
		{"signature refused", 401, "", fault.NotAuthorized, Issued, Asking},
		{"not understood", 400, "", fault.ProtocolError, Issued, Asking},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore(t)
			server := &confirmServer{}
			client, _ := ServeMACS(t, server)
			for id, want := range map[string]AccessState{"first": test.first, "again": test.again} {
				_, err := s.GrantOnline(hashOf(1), "", macs.Access{AccessID: id, MaxGuests: 2, Life: time.Minute})
				require.NoError(t, err)
				if id == "again" {
					server.say(408, "")
					a, known, err := s.Confirm(t.Context(), client, id, 2, time.Second)
					require.NoError(t, err)
					require.False(t, known, "no answer")
					require.Equal(t, Asking, a.State)
					_, err = s.Void(id)
					requireCode(t, fault.AlreadyReported, err)
				}
				server.say(test.status, test.code)
				_, known, err := s.Confirm(t.Context(), client, id, 2, time.Second)
				require.Equal(t, test.fault, fault.CodeOf(err))
				require.Equal(t, test.fault == "", known)
				in, err := s.accessesIn(want)
				require.NoError(t, err)
				require.NotEmpty(t, in)
			}
			require.Empty(t, statesOf(t, s), "an online entry is no journal row")
		})
	}
}

// TestAlreadyConfirmedStays: the server has the entry with other guests, and says so each time.
func TestAlreadyConfirmedStays(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	client, _ := ServeMACS(t, &confirmServer{status: 409, code: "ALREADY_CONFIRMED"})
	_, err := s.GrantOnline(hashOf(1), "", macs.Access{AccessID: "a", MaxGuests: 2, Life: time.Minute})
	require.NoError(t, err)
	for range 2 {
		_, _, err = s.Confirm(t.Context(), client, "a", 2, time.Second)
		requireCode(t, fault.AlreadyConfirmed, err)
	}
}

// TestAConfirmWithoutAnAnswerHoldsNothingUp: others are asked, reports go out; a day later a person has to look at it, and can
// settle it.
func TestAConfirmWithoutAnAnswerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	ids := enter(t, s, 3)
	reports, confirms := newReportServer(), &confirmServer{status: 408}
	var poison atomic.Bool
	client, _ := ServeMACS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/offline_reports") {
			reports.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if poison.Load() && strings.Contains(string(body), `"b"`) {
			w.WriteHeader(http.StatusNotFound) // no code: nonsense
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		confirms.ServeHTTP(w, r)
	}))
	for _, id := range []string{"a", "b", "c"} {
		_, err := s.GrantOnline(hashOf(1), "", macs.Access{AccessID: id, MaxGuests: 2, Life: time.Minute})
		require.NoError(t, err)
		_, known, err := s.Confirm(t.Context(), client, id, 2, time.Second)
		require.NoError(t, err)
		require.False(t, known)
	}
	poison.Store(true)
	confirms.say(200, "")
	result, err := s.Upload(t.Context(), client, time.Second, nil)
	requireCode(t, fault.ProtocolError, err)
	require.Equal(t, UploadResult{Uploaded: len(ids)}, result)
	counts, err := s.Counts()
	require.NoError(t, err)
	require.Equal(t, Counts{Unknown: 1}, counts, "the one behind it was answered")

	source.Advance(askFor + time.Hour)
	_, err = s.Upload(t.Context(), client, time.Second, nil)
	require.NoError(t, err)
	counts, err = s.Counts()
	require.NoError(t, err)
	require.Equal(t, Counts{Quarantined: 1}, counts)
	_, err = s.Void("b")
	require.NoError(t, err)
	counts, err = s.Counts()
	require.NoError(t, err)
	require.True(t, counts.SafeToWipe())
}

// TestUnansweredConfirmIsAskedAgain: by an upload, after a restart, with the guests of the intent.
func TestUnansweredConfirmIsAskedAgain(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	server := &confirmServer{status: 408}
	client, _ := ServeMACS(t, server)
	_, err := s.GrantOnline(hashOf(1), "", macs.Access{AccessID: "a", MaxGuests: 2, Life: time.Minute})
	require.NoError(t, err)
	_, known, err := s.Confirm(t.Context(), client, "a", 2, time.Second)
	require.NoError(t, err)
	require.False(t, known)
	_, _, err = s.Confirm(t.Context(), client, "a", 1, time.Second)
	requireCode(t, fault.AlreadyConfirmed, err)
	s = reopen(t, s)
	source.Advance(time.Hour)
	_, err = s.Upload(t.Context(), client, time.Second, nil)
	requireCode(t, fault.Timeout, err)
	server.say(200, "")
	_, err = s.Upload(t.Context(), client, time.Second, nil)
	require.NoError(t, err)
	counts, err := s.Counts()
	require.NoError(t, err)
	require.True(t, counts.SafeToWipe())
	require.Equal(t, []int{2, 2, 2}, server.asked)
}
