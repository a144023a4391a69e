package acme

import (
	"encoding/json"
	"strings"
	"unicode"
)

// problem is a problem document (RFC 7807 §3.1) as ACME has it (RFC 8555 §6.7).
type problem struct {
	Type, Detail string
	Subproblems  []problem
}

// String is what there is to log of it, on one line.
func (p problem) String() string {
	text := oneLine(p.Type + ": " + p.Detail)
	for _, sub := range p.Subproblems {
		text += "; " + sub.String()
	}
	return text
}

// invalidity is why an order or an authorization has become invalid (RFC 8555 §7.1.3, §7.1.4); "" if it has not, or
// because of another challenge than the configured one: the manager tries TLS-ALPN-01 first, whatever it can answer.
func invalidity(body []byte, challenge string) string {
	var object struct {
		Status     string
		Error      *problem // an order's
		Challenges []struct {
			Type  string
			Error *problem
		} // an authorization's
	}
	if json.Unmarshal(body, &object) != nil || object.Status != "invalid" {
		return ""
	}
	text := "invalid"
	if object.Error != nil {
		text += ", " + object.Error.String()
	}
	for _, c := range object.Challenges {
		switch {
		case c.Error == nil:
		case c.Type != challenge:
			return ""
		default:
			text += ", " + c.Error.String()
		}
	}
	return text
}

// oneLine keeps a text from afar from forging lines of the log.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
