package acme

import (
	"encoding/json"

	"assay/server/internal/logline"
)

// maxText is the length in characters of the longest text of the CA's that is
// logged. The link in the refusal of a paused account has about 800 characters
// and must stay whole.
const maxText = 2000

// problem is a problem document (RFC 7807 §3.1) in the form of ACME (RFC 8555
// §6.7).
type problem struct {
	Type, Detail string
	Subproblems  []problem
}

// String returns the type and the detail of the problem and of its subproblems
// on one line.
func (p problem) String() string { return logline.Shorten(p.text(), maxText) }

func (p problem) text() string {
	text := p.Type + ": " + p.Detail
	for _, sub := range p.Subproblems {
		text += "; " + sub.text()
	}
	return text
}

// invalidity says why an order or an authorization is invalid (RFC 8555 §7.1.3,
// §7.1.4). It returns an empty text if the object is not invalid, or if another
// challenge than the configured one failed.
func invalidity(body []byte, challenge string) string {
	var object struct {
		Status     string
		Error      *problem // of an order
		Challenges []struct {
			Type  string
			Error *problem
		} // of an authorization
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
