package match

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
	"golang.org/x/net/idna"

	"assay/suite/internal/wire"
)

// HaveStatus succeeds if the HTTP response has one of these status codes.
func HaveStatus(statuses ...int) types.GomegaMatcher {
	expected := fmt.Sprintf("an HTTP response with status %v", statuses)
	return match(expected, func(r *wire.Response) (bool, string) {
		return r.Err == nil && slices.Contains(statuses, r.Status), describeResponse(r)
	})
}

// Answer succeeds if a whole HTTP response arrived, with any status.
func Answer() types.GomegaMatcher {
	return match("an HTTP response", func(r *wire.Response) (bool, string) {
		return r.Err == nil, describeResponse(r)
	})
}

// AnswerWithin succeeds if a whole HTTP response arrived in this time, with any
// status.
func AnswerWithin(limit time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("an HTTP response within %s", limit)
	return within(limit, expected, func(r *wire.Response) (bool, string) {
		took := r.Took.Round(time.Millisecond)
		return r.Err == nil && r.Took <= limit, fmt.Sprintf("%s, after %s", describeResponse(r), took)
	})
}

// AnswerPlainHTTP succeeds if a server that speaks plain HTTP answered. The
// status may be any but 400, which a TLS server sends to a client that speaks
// plain HTTP to it.
func AnswerPlainHTTP() types.GomegaMatcher {
	expected := "a response by plain HTTP (any status but 400, the answer of a TLS server)"
	return match(expected, func(r *wire.Response) (bool, string) {
		return r.Err == nil && r.Status != http.StatusBadRequest, describeResponse(r)
	})
}

// BeHealthy succeeds if the response has a status 2xx or 3xx. It is for the path
// that the target file declares as its health check.
func BeHealthy() types.GomegaMatcher {
	expected := "a response of the health check that reports a healthy server (2xx or 3xx)"
	return match(expected, func(r *wire.Response) (bool, string) {
		return r.Err == nil && r.Status >= 200 && r.Status < 400, describeResponse(r)
	})
}

// BeServed succeeds if the response has a status 2xx.
func BeServed() types.GomegaMatcher {
	expected := "an HTTP response with what was asked for (2xx)"
	return match(expected, func(r *wire.Response) (bool, string) {
		return r.Err == nil && r.Status >= 200 && r.Status < 300, describeResponse(r)
	})
}

// ServeKeyAuthorization succeeds if the response answers an HTTP-01 challenge
// at this path: status 200, and a body that begins with the token, the last part of
// the path, and a dot (RFC 8555 §8.3).
func ServeKeyAuthorization(challenge string) types.GomegaMatcher {
	token := path.Base(challenge)
	expected := "the answer to the challenge: status 200 and a body that begins with its token"
	return match(expected, func(r *wire.Response) (bool, string) {
		answers := strings.HasPrefix(strings.TrimSpace(r.Body), token+".")
		seen := describeResponse(r)
		if r.Err == nil {
			seen = fmt.Sprintf("status %d, a body with the token: %t", r.Status, answers)
		}
		return r.Err == nil && r.Status == http.StatusOK && answers, seen
	})
}

// Withhold succeeds if neither the body nor the header of the response contains
// one of these texts. A server that sends no response withholds them too.
func Withhold(texts ...string) types.GomegaMatcher {
	expected := "a response without the content that is not public"
	return match(expected, func(r *wire.Response) (bool, string) {
		all := r.Body + fmt.Sprint(r.Header)
		for _, text := range texts {
			if strings.Contains(all, text) {
				seen := fmt.Sprintf("it is in the response to %s, with status %d", r.Request.Target, r.Status)
				return false, seen
			}
		}
		return true, describeResponse(r)
	})
}

// redirects are the status codes that make clients send a GET to the URL in the
// Location header (RFC 9110 §15.4).
var redirects = []int{
	http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
	http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
}

// BeRedirect succeeds if the response leads clients to a URL with the scheme https.
func BeRedirect() types.GomegaMatcher {
	expected := fmt.Sprintf("a redirect (one of %v) to https", redirects)
	return match(expected, func(r *wire.Response) (bool, string) {
		to, err := followed(r)
		if to == nil {
			return false, describeResponse(r) + because(err)
		}
		return strings.EqualFold(to.Scheme, "https"), describeResponse(r)
	})
}

// RedirectTo succeeds if a client that follows the response ends up at one of
// these URLs. Two URLs are the same if scheme, host, effective port, path and
// query are, as for [http.Client]: the default port may be written or left out.
func RedirectTo(urls ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("a redirect (one of %v) to %s", redirects, strings.Join(urls, " or "))
	return match(expected, func(r *wire.Response) (bool, string) {
		to, err := followed(r)
		if to == nil {
			return false, describeResponse(r) + because(err)
		}
		for _, wanted := range urls {
			u, err := url.Parse(wanted)
			if err == nil && canonicalURL(u) == canonicalURL(to) {
				return true, describeResponse(r)
			}
		}
		return false, describeResponse(r) + "\nwhich is " + canonicalURL(to)
	})
}

// StaysAtHost reports whether the response redirects to the same host by plain HTTP,
// and returns the target of the request that follows it.
func StaysAtHost(r *wire.Response) (target string, stays bool) {
	to, err := followed(r)
	if err != nil || to == nil || to.Scheme != "http" || !strings.EqualFold(to.Host, r.Request.Host) {
		return "", false
	}
	return to.RequestURI(), true
}

// Redirects reports whether the response is a redirect.
func Redirects(r *wire.Response) bool {
	return r.Err == nil && slices.Contains(redirects, r.Status)
}

// followed returns the URL that a client of the response goes to; nil if the
// response is no redirect. A Location may be relative to the URL that was asked for
// (RFC 9110 §10.2.2).
func followed(r *wire.Response) (*url.URL, error) {
	if r.Err != nil || !slices.Contains(redirects, r.Status) {
		return nil, nil
	}
	location := r.Header.Get("Location")
	if location == "" {
		return nil, http.ErrNoLocation
	}
	to, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	asked := &url.URL{Scheme: "http", Host: r.Request.Host, Path: "/"}
	return asked.ResolveReference(to), nil
}

// canonicalURL writes a URL such that two URLs for the same resource are equal
// (RFC 3986 §6.2): scheme and host in lower case, the host in ASCII, the port
// always there, "/" for an empty path, no fragment.
func canonicalURL(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), u.Hostname(), u.Port()
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	text := scheme + "://" + strings.ToLower(host) + ":" + port + path
	if u.RawQuery != "" {
		text += "?" + u.RawQuery
	}
	return text
}

// HaveBodyLine succeeds if the body is this text. White space around it does not
// count.
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
