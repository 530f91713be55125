package admin

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/macs"
)

const maxRequests = 1000

func (a *api) terminals(*http.Request) (int, any, error) {
	list, err := a.MACS.Terminals()
	return http.StatusOK, map[string]any{"terminals": list}, err
}

func (a *api) register(r *http.Request) (int, any, error) {
	var in struct {
		SerialNumber string `json:"serialNumber"`
		Location     string `json:"location"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.SerialNumber == "" || len(in.SerialNumber) > 64 {
		return 0, nil, unprocessable("serialNumber must have 1 to 64 characters")
	}
	terminal, err := a.MACS.Register(in.SerialNumber, in.Location)
	return http.StatusCreated, terminal, err
}

func (a *api) pairingCode(r *http.Request) (int, any, error) {
	code, expires, err := a.MACS.PairingCode(r.PathValue("sn"))
	return http.StatusCreated, map[string]string{"code": code, "expiresAt": expires.UTC().Format(time.RFC3339)}, err
}

func (a *api) unpair(r *http.Request) (int, any, error) {
	return http.StatusOK, struct{}{}, a.MACS.Unpair(r.PathValue("sn"))
}

func (a *api) binRanges(r *http.Request) (int, any, error) {
	var in struct {
		Ranges *[]macs.BINRange `json:"ranges"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Ranges == nil {
		return 0, nil, unprocessable("ranges is missing")
	}
	for i, each := range *in.Ranges {
		if !each.GoodRange() {
			return 0, nil, unprocessable("range " + strconv.Itoa(i) + ": bounds have 1 to 19 digits, and from is not above to")
		}
	}
	return http.StatusOK, map[string]int{"count": len(*in.Ranges)}, a.MACS.SetRanges(r.PathValue("sn"), *in.Ranges)
}

func (a *api) entries(*http.Request) (int, any, error) {
	list, err := a.MACS.Entries()
	return http.StatusOK, map[string]any{"entries": list}, err
}

func (a *api) listFaults(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"faults": a.Faults.List()}, nil
}

func (a *api) addFault(r *http.Request) (int, any, error) {
	var in faults.Fault
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := a.Faults.Add(in)
	return http.StatusCreated, map[string]string{"id": id}, err
}

func (a *api) clearFaults(*http.Request) (int, any, error) {
	a.Faults.Clear()
	return http.StatusNoContent, nil, nil
}

func (a *api) deleteFault(r *http.Request) (int, any, error) {
	if !a.Faults.Delete(r.PathValue("id")) {
		return 0, nil, &apiError{http.StatusNotFound, "unknown_fault", "no such fault"}
	}
	return http.StatusNoContent, nil, nil
}

func (a *api) clock(r *http.Request) (int, any, error) {
	var in struct {
		OffsetSeconds *float64 `json:"offsetSeconds"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.OffsetSeconds == nil || math.Abs(*in.OffsetSeconds) > 1e9 {
		return 0, nil, unprocessable("offsetSeconds must be a number of seconds")
	}
	a.Clock.Move(time.Duration(*in.OffsetSeconds * float64(time.Second)))
	return http.StatusOK, map[string]any{"offsetSeconds": *in.OffsetSeconds, "now": a.Clock.Now().Format(time.RFC3339)}, nil
}

func (a *api) requests(r *http.Request) (int, any, error) {
	since, limit := int64(0), int64(maxRequests)
	for name, into := range map[string]*int64{"since": &since, "limit": &limit} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, nil, unprocessable(name + " must be a whole number")
		}
		*into = n
	}
	return http.StatusOK, map[string]any{"requests": a.Journal.Since(since, int(min(limit, maxRequests)))}, nil
}
