package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mask replaces what differs between two runs of one build, so that the rest
// can be compared. Masks have the form <kind>: <serial>, <token>, <time>.
// Masking is deterministic, and masking twice changes nothing more.
type Mask struct {
	names *regexp.Regexp    // masks, then the roles' names, longest first
	roles map[string]string // the mask for each name
	ports map[string]string // the mask for each port, where a port can stand
}

// NewMask returns the masks of one spec. Roles gives a mask for each literal
// that is the spec's own: an address ("127.0.0.10": "<host>"), a port in
// decimal ("443": "<https>"), an absolute path of a directory ("/tmp/x":
// "<dir>"), or a name ("h7.example.test": "<hostname>"), upper and lower case told apart. A
// port counts only where a port can stand. Roles may be nil.
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
	// The first alternative keeps what is masked already.
	p := `<[a-z][a-z0-9 -]*>`
	for _, n := range names {
		p += "|" + regexp.QuoteMeta(n)
	}
	m.names = regexp.MustCompile(p)
	return m
}

// Observations returns masked copies. Values become plain JSON values.
func (m *Mask) Observations(obs []Observation) []Observation {
	out := make([]Observation, len(obs))
	for i, o := range obs {
		o.Value = m.value(o.Kind, o.Name, plain(o.Value))
		out[i] = o
	}
	return out
}

// plain returns v as encoding/json would read it back.
func plain(v any) any {
	var out any
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return fmt.Sprint(v)
	}
	return out
}

// value masks one value; key is the name under which it stands.
func (m *Mask) value(kind, key string, v any) any {
	switch v := v.(type) {
	case string:
		if kind == "schedule" || kind == "count" {
			return m.own(v)
		}
		if mask, ok := masksByKey[normal(key)]; ok && v != "" {
			return mask
		}
		return m.Text(v)
	case float64:
		if k := normal(key); k == "port" {
			return m.port(strconv.FormatFloat(v, 'f', -1, 64), v)
		} else if mask, ok := masksByKey[k]; ok && kind != "schedule" && kind != "count" {
			return mask
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.value(kind, key, v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[m.own(k)] = m.value(kind, k, x)
		}
		return out
	default:
		return v
	}
}

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

// masksByKey masks whole values by the name of the member that holds them.
// What schedules and counts hold is never masked so: in them times and numbers
// are the observation, and the spec rounds what jitters.
var masksByKey = map[string]string{
	"serial": "<serial>", "serialnumber": "<serial>",
	"fingerprint": "<fingerprint>", "sha256": "<fingerprint>", "thumbprint": "<fingerprint>",
	"subjectkeyid": "<key id>", "authoritykeyid": "<key id>", "ski": "<key id>", "aki": "<key id>",
	"notbefore": "<time>", "notafter": "<time>", "time": "<time>", "ts": "<time>", "timestamp": "<time>", "mtime": "<time>",
	"token": "<token>", "nonce": "<nonce>", "keyauthorization": "<key authorisation>",
	"orderid": "<order>", "authzid": "<authz>", "accountid": "<account>", "kid": "<account>",
	"duration": "<duration>", "elapsed": "<duration>", "tms": "<duration>", "durationms": "<duration>",
	"pid": "<pid>",
}

// normal reduces a member's name to lower-case letters and digits.
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
