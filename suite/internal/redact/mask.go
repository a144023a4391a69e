package redact

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mask replaces what differs between two runs of one build, so that the rest
// can be compared. A mask has the form <kind>: <serial>, <token>, <time>.
// Masking is deterministic, and masking twice has the same result as once.
type Mask struct {
	names *regexp.Regexp    // masks, then the names of roles, longest first
	roles map[string]string // mask by name
	ports map[string]string // mask by port
}

// NewMask returns the masks of one spec. Roles holds a mask for each literal
// that only this spec uses: an address ("127.0.0.10": "<host>"), a port in
// decimal ("443": "<https>"), an absolute path of a directory ("/tmp/x":
// "<dir>"), or a name ("h7.example.test": "<hostname>"). Names are compared with
// regard to case. A port is masked only where a text can hold a port. Roles may
// be nil.
func NewMask(roles map[string]string) *Mask {
	m := &Mask{roles: map[string]string{}, ports: map[string]string{}}
	var names []string
	for name, mask := range roles {
		switch _, err := strconv.ParseUint(name, 10, 16); {
		case name == "":
		case err == nil:
			m.ports[name] = mask
		default:
			m.roles[name] = mask
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	// The first alternative keeps masks as they are.
	p := `<[a-z][a-z0-9 -]*>`
	for _, n := range names {
		p += "|" + regexp.QuoteMeta(n)
	}
	m.names = regexp.MustCompile(p)
	return m
}

// Value returns a masked copy of the value of an observation, which has to be as
// [Plain] returns it. Kind is the kind of the observation, and name the name
// under which the value stands: the observation's, or that of a member.
func (m *Mask) Value(kind, name string, v any) any {
	switch v := v.(type) {
	case string:
		if isFigure(kind) {
			return m.own(v)
		}
		if mask, ok := masksByKey[normal(name)]; ok && v != "" {
			return mask
		}
		return m.Text(v)
	case float64:
		if k := normal(name); k == "port" {
			return m.port(strconv.FormatFloat(v, 'f', -1, 64), v)
		} else if mask, ok := masksByKey[k]; ok && !isFigure(kind) {
			return mask
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.Value(kind, name, v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[m.own(k)] = m.Value(kind, k, x)
		}
		return out
	default:
		return v
	}
}

// isFigure reports whether the times and numbers of a kind of observation are
// what is observed. They are never masked; the spec rounds what varies.
func isFigure(kind string) bool { return kind == "schedule" || kind == "count" }

// port masks a port given as a number.
func (m *Mask) port(p string, v any) any {
	if mask, ok := m.ports[p]; ok {
		return mask
	}
	if isEphemeral(p) {
		return "<port>"
	}
	return v
}

// masksByKey holds the mask for a whole value by the name of the member that
// holds it, in the form that [normal] returns.
var masksByKey = map[string]string{
	"serial": "<serial>", "serialnumber": "<serial>",
	"fingerprint": "<fingerprint>", "sha256": "<fingerprint>", "thumbprint": "<fingerprint>",
	"subjectkeyid": "<key id>", "authoritykeyid": "<key id>", "ski": "<key id>", "aki": "<key id>",
	"notbefore": "<time>", "notafter": "<time>", "time": "<time>", "ts": "<time>",
	"timestamp": "<time>", "mtime": "<time>",
	"token": "<token>", "nonce": "<nonce>", "keyauthorization": "<key authorisation>",
	"orderid": "<order>", "authzid": "<authz>", "accountid": "<account>", "kid": "<account>",
	"duration": "<duration>", "elapsed": "<duration>", "tms": "<duration>", "durationms": "<duration>",
	"pid": "<pid>",
}

// normal reduces the name of a member to lower-case letters and digits.
func normal(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, key)
}
