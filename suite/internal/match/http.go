package match

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// HaveStatus: the HTTP response's status is one of these.
func HaveStatus(statuses ...int) types.GomegaMatcher {
	return match(fmt.Sprintf("an HTTP response with status %v", statuses), func(r *wire.Response) (bool, string) {
		return r.Err == nil && slices.Contains(statuses, r.Status), describeResponse(r)
	})
}

// Answer: something came back, whatever it says.
func Answer() types.GomegaMatcher {
	return match("an HTTP response", func(r *wire.Response) (bool, string) {
		return r.Err == nil, describeResponse(r)
	})
}

// BeGone: the response says that there is nothing here, with status 403 or 404,
// or leads away, as servers do that send every other request to https.
func BeGone() types.GomegaMatcher {
	return match("an HTTP response with status 403 or 404, or a redirect", func(r *wire.Response) (bool, string) {
		away := r.Status/100 == 3 && r.Header.Get("Location") != ""
		return r.Err == nil && (r.Status == http.StatusForbidden || r.Status == http.StatusNotFound || away), describeResponse(r)
	})
}

// BeHealthy: a response that says that all is well, with status 2xx; where the
// target has no health path, a redirect is as good.
func BeHealthy() types.GomegaMatcher {
	return match("an HTTP response of a server that is well (2xx or 3xx)", func(r *wire.Response) (bool, string) {
		return r.Err == nil && r.Status >= 200 && r.Status < 400, describeResponse(r)
	})
}

// BeServed: a response with what was asked for, with status 2xx.
func BeServed() types.GomegaMatcher {
	return match("an HTTP response with what was asked for (2xx)", func(r *wire.Response) (bool, string) {
		return r.Err == nil && r.Status >= 200 && r.Status < 300, describeResponse(r)
	})
}

// RedirectTo: a redirect of any kind to exactly this URL (RFC 9110 §15.4).
func RedirectTo(url string) types.GomegaMatcher {
	kinds := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	return match("a redirect (301, 302, 307 or 308) to "+url, func(r *wire.Response) (bool, string) {
		return r.Err == nil && slices.Contains(kinds, r.Status) && r.Header.Get("Location") == url, describeResponse(r)
	})
}

// HaveBodyLine: the body is this text, but for white space around it.
func HaveBodyLine(text string) types.GomegaMatcher {
	return match("a body that says "+text, func(r *wire.Response) (bool, string) {
		return r.Err == nil && strings.TrimSpace(r.Body) == text, describeResponse(r)
	})
}

func describeResponse(r *wire.Response) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	text := fmt.Sprint(r.Status)
	if to := r.Header.Get("Location"); to != "" {
		text += " to " + to
	}
	return strings.TrimSpace(text + " " + FirstLine(r.Body))
}
