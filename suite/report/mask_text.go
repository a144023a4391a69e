package report

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// rule is one form of random text, and its mask.
type rule struct {
	re   *regexp.Regexp
	with string
}

// The order matters: what contains others comes first.
var rules = []rule{
	// ACME resources by the paths that Pebble and Boulder use. The first
	// group keeps the path.
	{regexp.MustCompile(`(/(?:my-order|finalize-order|acme/order|acme/finalize)/)` + idPath), "${1}<order>"},
	{regexp.MustCompile(`(/(?:authZ|acme/authz(?:-v3)?)/)` + idPath), "${1}<authz>"},
	{regexp.MustCompile(`(/(?:chalZ|acme/chall(?:-v3)?)/)` + idPath), "${1}<challenge>"},
	{regexp.MustCompile(`(/(?:certZ|acme/cert)/)` + idPath), "${1}<certificate>"},
	{regexp.MustCompile(`(/(?:my-account|list-orderz|acme/acct)/)` + idPath), "${1}<account>"},
	{regexp.MustCompile(`(/(?:draft-ietf-acme-ari-03/renewalInfo|acme/renewal-info)/)[A-Za-z0-9_.-]+`), "${1}<certificate>"},
	{regexp.MustCompile(`[A-Za-z0-9_-]{22,}\.[A-Za-z0-9_-]{43}`), "<key authorisation>"},
	{regexp.MustCompile(`(\.well-known/acme-challenge/)[A-Za-z0-9_-]{22,}`), "${1}<token>"},
	{regexp.MustCompile(`(?i)\b(order|authz|authorization|account|nonce|token)( |=|: ?|="|: ")[A-Za-z0-9_-]{22,}`), "${1}${2}<${1}>"},

	// Times: RFC 3339 and Go's time.String, Go's log, HTTP-date and RFC 1123,
	// ANSI C, openssl and syslog, then what is left of dates and clocks.
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)*(?: m=[+-][\d.]+)?`), "<time>"},
	{regexp.MustCompile(`\b\d{4}/\d\d/\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?`), "<time>"},
	{regexp.MustCompile(`\b(?:` + days + `, )?\d{1,2}[ -]` + months + `[ -]\d{2,4} \d\d:\d\d:\d\d(?:\.\d+)?(?: (?:GMT|UTC|[+-]\d{4})\b)?`), "<time>"},
	{regexp.MustCompile(`\b(?:` + days + ` )?` + months + ` {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?(?: (?:GMT|UTC)\b)?(?: \d{4}\b)?(?: (?:GMT|UTC)\b)?`), "<time>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d\b|\b\d{4}/\d\d/\d\d\b`), "<date>"},
	{regexp.MustCompile(`(^|[^\w:.])\d\d:\d\d:\d\d(?:\.\d+)?\b`), "${1}<time>"},

	// Durations as Go prints them.
	{regexp.MustCompile(`(^|[^\w.:/-])-?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|μs|us|ms|s)\b`), "${1}<duration>"},

	{regexp.MustCompile(`(?i)\b(pid[ =:]{1,2})\d+\b`), "${1}<pid>"},
	{regexp.MustCompile(`\b(goroutine )\d+\b`), "${1}<n>"},
	{regexp.MustCompile(`\b0x[0-9a-f]{6,}\b`), "<pointer>"},

	// Temporary directories that have no role.
	{regexp.MustCompile(`(^|[^\w.>-])(?:/private)?/(?:tmp|var/tmp|dev/shm|var/folders/\w+/\w+/T)/[^/\s"'\\:;,)\]<>]+`), "${1}<dir>"},

	// Serial numbers and digests. A random one may happen to be all digits, so
	// decimal and hexadecimal have one mask.
	{regexp.MustCompile(`\b(?:[0-9A-Fa-f]{2}:){7,}[0-9A-Fa-f]{2}\b`), "<serial>"},
	{regexp.MustCompile(`\b[0-9a-f]{16,}\b|\b[0-9A-F]{16,}\b`), "<serial>"},
}

const (
	idPath = `[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*`
	days   = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*`
	months = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
)

var (
	// randomWord matches what may be a random value of 256 bits in base64url,
	// the size of Pebble's identifiers and of every SHA-256 digest.
	randomWord = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)
	// hostPort matches an address or a mask, and a port.
	hostPort = regexp.MustCompile(`((?:\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]+(?:%\w+)?\]|\[?<[a-z][a-z0-9 -]*>\]?|[A-Za-z0-9.-]*[A-Za-z][A-Za-z0-9.-]*|(?:^|[\s"'(=,*\[]))(:)(\d{1,5})\b`)
	// portWord matches a port named so.
	portWord = regexp.MustCompile(`(?i)\b(ports?[ =:]{1,2})(\d{1,5})\b`)
	// address matches the IPv4 and IPv6 literals that may be a spec's own.
	address = regexp.MustCompile(`\b127(?:\.\d{1,3}){3}\b|\bf[cd][0-9a-f]{2}:[0-9a-f:]*[0-9a-f:]`)
)

// Text masks a text.
func (m *Mask) Text(s string) string {
	s = m.own(s)
	for _, r := range rules {
		s = r.re.ReplaceAllString(s, r.with)
	}
	s = randomWord.ReplaceAllStringFunc(s, func(w string) string {
		if isRandom(w) {
			return "<token>"
		}
		return w
	})
	s = m.hostPorts(s)
	return address.ReplaceAllStringFunc(s, func(a string) string {
		if ip, err := netip.ParseAddr(a); err != nil || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
			return a
		}
		return "<address>"
	})
}

// own masks the spec's own names: whole words, so that a name within a longer
// one stays.
func (m *Mask) own(s string) string {
	var out strings.Builder
	last := 0
	for _, at := range m.names.FindAllStringIndex(s, -1) {
		name := s[at[0]:at[1]]
		mask, ok := m.roles[name]
		if !ok || inWord(s, at[0], at[1]) {
			continue
		}
		out.WriteString(s[last:at[0]] + mask)
		last = at[1]
	}
	return out.String() + s[last:]
}

// inWord reports whether s[from:to] is only a part of a longer word. A dot
// counts if a word goes on behind it.
func inWord(s string, from, to int) bool {
	before, after := s[:from], s[to:]
	word := func(c byte) bool {
		return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	if n := len(before); n > 0 && word(s[from]) {
		if word(before[n-1]) || before[n-1] == '.' && n > 1 && word(before[n-2]) {
			return true
		}
	}
	if n := len(after); n > 0 {
		return word(after[0]) || after[0] == '.' && n > 1 && word(after[1])
	}
	return false
}

// hostPorts masks the ports that follow an address, a name or a mask.
func (m *Mask) hostPorts(s string) string {
	replace := func(re *regexp.Regexp) {
		s = re.ReplaceAllStringFunc(s, func(hit string) string {
			g := re.FindStringSubmatch(hit)
			port := g[len(g)-1]
			head := strings.TrimSuffix(hit, port)
			if mask, ok := m.ports[port]; ok {
				return head + mask
			}
			if isEphemeral(port) {
				return head + "<port>"
			}
			return hit
		})
	}
	replace(hostPort)
	replace(portWord)
	return s
}

// isEphemeral reports whether a port without a role is one that was picked for
// the run; a well-known port is the same in every run.
func isEphemeral(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1024 && n <= 65535
}

// isRandom tells random base64url from long words: upper and lower case mixed,
// some of each in every value of this length.
func isRandom(w string) bool {
	var upper, lower int
	for _, c := range w {
		switch {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		}
	}
	return upper >= 4 && lower >= 4
}
