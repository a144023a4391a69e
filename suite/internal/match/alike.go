package match

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// ShowTheSameAs succeeds if the response shows what another response shows: the
// same status, the same Location and the same body, which is not empty. An error
// page with status 400 does not count, because TLS servers send it to clients that
// speak plain HTTP, and neither does a redirect to https.
func ShowTheSameAs(other *wire.Response) types.GomegaMatcher {
	expected := "the same response as " + describeResponse(other)
	return match(expected, func(r *wire.Response) (bool, string) {
		if r.Err != nil || other.Err != nil {
			return false, describeResponse(r)
		}
		secured := strings.HasPrefix(strings.ToLower(r.Header.Get("Location")), "https:")
		same := !secured && r.Status == other.Status && r.Status != http.StatusBadRequest &&
			r.Body != "" && r.Body == other.Body && r.Header.Get("Location") == other.Header.Get("Location")
		return same, fmt.Sprintf("%s (%d bytes)", describeResponse(r), len(r.Body))
	})
}

// A template is the shape of a line in which words differ from start to start, such as a
// name that the server makes up. Those words are empty.
type template []string

// templates finds the lines that two logs of one server, in the same good order, do not have
// in common although most of their words are the same.
func templates(a, b []sut.Line) (all []template) {
	theirs := unlike(b, a)
	for _, line := range unlike(a, b) {
		for _, other := range theirs {
			if t := common(strings.Fields(line.Shape()), strings.Fields(other.Shape())); t != nil {
				all = append(all, t)
				break
			}
		}
	}
	return all
}

// common returns the template of two lines of as many words, or nil if fewer than half of
// them are the same.
func common(a, b []string) template {
	if len(a) != len(b) {
		return nil
	}
	t := make(template, len(a))
	same := 0
	for i := range a {
		if a[i] == b[i] {
			t[i] = a[i]
			same++
		}
	}
	if 2*same < len(a) {
		return nil
	}
	return t
}

// fits reports whether a line has this form.
func (t template) fits(line sut.Line) bool {
	words := strings.Fields(line.Shape())
	return slices.EqualFunc(t, words, func(word, theirs string) bool {
		return word == "" || word == theirs
	})
}
