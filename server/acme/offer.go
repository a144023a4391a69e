package acme

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// onlyChallenge shows the ACME client a single type of challenge. The manager
// tries TLS-ALPN-01 first wherever a CA offers it, also where HTTP-01 is
// configured. That attempt fails, counts as a failed validation at the CA, and
// costs one more order.
type onlyChallenge struct {
	next http.RoundTripper
	kind string // the configured type, as ACME calls it
	log  *log.Logger

	missing atomic.Bool // the last pending authorization did not offer the type, and that was logged
}

// RoundTrip implements [http.RoundTripper].
func (o *onlyChallenge) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := o.next.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind != "application/json" {
		return res, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxObject+1))
	if err != nil || len(body) > maxObject {
		res.Body = rejoin(body, err, res.Body)
		return res, nil
	}
	res.Body.Close()
	body = o.filter(body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	if res.Header.Get("Content-Length") != "" {
		res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return res, nil
}

// maxObject is the size in bytes of the longest ACME object that is changed.
const maxObject = 1 << 20

// rejoin returns a body as it was before a part of it was read.
func rejoin(read []byte, err error, rest io.ReadCloser) io.ReadCloser {
	var after io.Reader = rest
	if err != nil {
		after = failing{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), after), rest}
}

// failing is a reader that returns an error.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// filter removes all challenges but those of the configured type from a pending
// authorization (RFC 8555 §7.1.4). It returns any other object unchanged.
func (o *onlyChallenge) filter(body []byte) []byte {
	var object map[string]json.RawMessage
	var status string
	var identifier struct{ Value string }
	var challenges []json.RawMessage
	if json.Unmarshal(body, &object) != nil ||
		json.Unmarshal(object["status"], &status) != nil || status != "pending" ||
		json.Unmarshal(object["identifier"], &identifier) != nil ||
		json.Unmarshal(object["challenges"], &challenges) != nil {
		return body
	}
	wanted := []json.RawMessage{}
	var offered []string
	for _, c := range challenges {
		var challenge struct{ Type string }
		if json.Unmarshal(c, &challenge) != nil {
			continue
		}
		offered = append(offered, challenge.Type)
		if challenge.Type == o.kind {
			wanted = append(wanted, c)
		}
	}
	if absent := len(wanted) == 0; o.missing.Swap(absent) != absent && absent {
		o.log.Printf("acme: the CA does not offer the challenge type %s for %s, it offers %s; "+
			"no certificate can be obtained", o.kind, identifier.Value, list(offered))
	}
	text, err := json.Marshal(wanted)
	if err != nil {
		return body
	}
	object["challenges"] = text
	changed, err := json.Marshal(object)
	if err != nil {
		return body
	}
	return changed
}

func list(types []string) string {
	if len(types) == 0 {
		return "none"
	}
	return fmt.Sprintf("%q", strings.Join(types, ", "))
}
