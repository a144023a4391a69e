package redact

import (
	"encoding/json"
	"fmt"
)

// Plain returns v as encoding/json would decode it into an any. If v has no
// JSON form, Plain returns its text.
func Plain(v any) any {
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

// allStrings returns the elements of v as strings if all are strings.
func allStrings(v []any) ([]string, bool) {
	lines := make([]string, 0, len(v))
	for _, x := range v {
		s, ok := x.(string)
		if !ok {
			return nil, false
		}
		lines = append(lines, s)
	}
	return lines, true
}
