package redact

import "strings"

// Lines redacts lines together, because a secret may span several of them. The
// result may have fewer lines.
func (r Redactor) Lines(lines []string) []string {
	if len(lines) == 0 {
		return lines
	}
	return strings.Split(r.Text(strings.Join(lines, "\n")), "\n")
}

// Value returns a copy of a value as [Plain] returns it, with every string in it
// redacted, names of members included.
func (r Redactor) Value(v any) any {
	switch v := v.(type) {
	case string:
		return r.Text(v)
	case []any:
		return r.list(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if s, ok := x.(string); ok {
				x = r.member(k, s)
			}
			out[r.Text(k)] = r.Value(x)
		}
		return out
	default:
		return v
	}
}

func (r Redactor) list(v []any) []any {
	out := make([]any, 0, len(v))
	if lines, ok := allStrings(v); ok {
		for _, line := range r.Lines(lines) {
			out = append(out, line)
		}
		return out
	}
	for _, x := range v {
		out = append(out, r.Value(x))
	}
	return out
}

// member redacts a member of an object in the form in which JSON has it, because
// the name of the member can show that the value is a secret.
func (r Redactor) member(key, s string) string {
	open := `"` + key + `":"`
	redacted := r.Text(open + s + `"`)
	if rest, ok := strings.CutPrefix(redacted, open); ok {
		return strings.TrimSuffix(rest, `"`)
	}
	return s
}
