package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/smartpos-go/terminal/emulator/macs"
)

const maxGenerate = 100_000_000

var panText = regexp.MustCompile(`^[0-9]{12,19}$`)

// whitelist reads its body as it comes: a list of 1 GiB is not held in memory.
func (a *api) whitelist(r *http.Request) (int, any, error) {
	count, err := a.MACS.SetWhitelist(r.Context(), func(draft *macs.Draft) error {
		body := json.NewDecoder(r.Body)
		body.DisallowUnknownFields()
		return listBody{body, draft}.read()
	})
	return http.StatusOK, map[string]int64{"count": count}, err
}

// listBody is the body of a PUT of the whitelist on its way into a draft. No message repeats what a body holds: it may be a PAN.
type listBody struct {
	*json.Decoder
	draft *macs.Draft
}

func (b listBody) read() error {
	if begin, err := b.token(); err != nil {
		return err
	} else if begin != json.Delim('{') {
		return unprocessable("a JSON object is needed")
	}
	for b.More() {
		name, err := b.token()
		if err != nil {
			return err
		}
		if err := b.member(name); err != nil {
			return err
		}
	}
	if _, err := b.token(); err != nil {
		return err
	}
	if _, err := b.Token(); !errors.Is(err, io.EOF) {
		return unreadable(err, "the body does not end with its object")
	}
	return nil
}

func (b listBody) member(name json.Token) error {
	switch name {
	case "pans":
		return b.each("PAN", "must be 12 to 19 digits", func(text string) (bool, error) {
			return panText.MatchString(text), b.draft.PAN(text)
		})
	case "hashes":
		return b.each("hash", "must be 64 lower-case hex digits", func(text string) (bool, error) {
			err := b.draft.Hash(text)
			return !errors.Is(err, macs.ErrHash), err
		})
	case "generate":
		return b.generate()
	}
	return unprocessable("the body does not fit: its fields are pans, hashes and generate")
}

// each hands the strings of an array to add, which says whether one is good. null is no array and none is needed.
func (b listBody) each(what, must string, add func(text string) (good bool, err error)) error {
	begin, err := b.token()
	if err != nil || begin == nil {
		return err
	}
	if begin != json.Delim('[') {
		return unprocessable("the body does not fit: " + what + "s come in an array")
	}
	for i := 0; b.More(); i++ {
		token, err := b.token()
		if err != nil {
			return err
		}
		text, isText := token.(string)
		if !isText {
			return unprocessable(what + " " + strconv.Itoa(i) + " is no text")
		}
		if good, err := add(text); !good {
			return unprocessable(what + " " + strconv.Itoa(i) + " " + must)
		} else if err != nil {
			return err
		}
	}
	_, err = b.token()
	return err
}

func (b listBody) generate() error {
	var in struct {
		Count int64  `json:"count"`
		Seed  uint64 `json:"seed"`
	}
	if err := b.Decode(&in); err != nil {
		return unreadable(err, "generate needs a count and a seed, whole numbers, and nothing else")
	}
	if in.Count < 0 || in.Count > maxGenerate {
		return unprocessable("generate.count must be 0 to 100000000")
	}
	b.draft.Generate = macs.Generate{Count: in.Count, Seed: in.Seed}
	return nil
}

func (b listBody) token() (json.Token, error) {
	token, err := b.Token()
	if err != nil {
		return nil, unreadable(err, "the body does not fit: broken JSON")
	}
	return token, nil
}
