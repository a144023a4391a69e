package verdict

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"assay/suite/internal/limits"
	"assay/suite/report"
	"assay/suite/report/words"
)

// boundValue returns a value as [redact.Plain] returns it with at most about this many
// bytes. Lists and objects say how much is missing.
func boundValue(v any, left int) any {
	switch v := v.(type) {
	case string:
		return words.Cut(v, max(left, len("…")))
	case []any:
		kept := []any{}
		for i, x := range v {
			if left <= 0 {
				return append(kept, fmt.Sprintf("… and %d more", len(v)-i))
			}
			x = boundValue(x, left)
			kept = append(kept, x)
			left -= size(x)
		}
		return kept
	case map[string]any:
		kept := map[string]any{}
		names := slices.Sorted(maps.Keys(v))
		for i, name := range names {
			if left <= 0 {
				kept["…"] = fmt.Sprintf("and %d more", len(names)-i)
				return kept
			}
			x, short := boundValue(v[name], left), words.Cut(name, left)
			kept[short] = x
			left -= size(x) + len(short)
		}
		return kept
	}
	return v
}

// size returns the number of bytes of a value in JSON, roughly.
func size(v any) int {
	if text, ok := v.(string); ok {
		return len(text) + 3
	}
	text, err := json.Marshal(v)
	if err != nil {
		return 0
	}
	return len(text) + 1
}

// boundObservations drops what is beyond the limit of all observations of a case.
func boundObservations(all []report.Observation) []report.Observation {
	left := limits.Observations
	for i := range all {
		if left -= size(all[i].Value) + len(all[i].Name); left < 0 {
			all[i].Value = "… (too much was observed before)"
		}
		if left < 0 && i+1 < len(all) {
			return all[:i+1]
		}
	}
	return all
}
