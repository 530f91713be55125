package mpac

import (
	"net/http"
	"slices"
	"strings"
)

// request is a call as a service gets it: the body read, the {id} of the path found.
type request struct {
	*http.Request
	body []byte
	id   string
}

// route is one call of a service. A pattern's segment {id} stands for anything but a slash.
type route struct {
	method, pattern string
	handle          func(w http.ResponseWriter, r request) error
}

// find gives the call of a path, or a refusal: 404 for an unknown path, 405 for another method.
func find(routes []route, method, path string) (found route, id string, err error) {
	var allowed []string
	for _, candidate := range routes {
		got, fits := match(candidate.pattern, path)
		switch {
		case !fits:
		case candidate.method == method:
			return candidate, got, nil
		default:
			allowed = append(allowed, candidate.method)
		}
	}
	if allowed == nil {
		return route{}, "", errNotFound
	}
	slices.Sort(allowed)
	return route{}, "", no(http.StatusMethodNotAllowed, "method_not_allowed", "this path takes "+strings.Join(allowed, ", "))
}

// match compares segment by segment and gives what stood for {id}.
func match(pattern, path string) (id string, fits bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i, segment := range want {
		switch {
		case segment == "{id}" && got[i] != "":
			id = got[i]
		case segment != got[i]:
			return "", false
		}
	}
	return id, true
}
