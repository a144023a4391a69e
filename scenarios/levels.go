package scenarios

import (
	"fmt"
	"slices"
)

// Levels returns every level, the most binding first.
func Levels() []Level { return slices.Clone(levels) }

// UnmarshalText sets the level to the one that text names. Any other text is an
// error that says what was expected.
func (l *Level) UnmarshalText(text []byte) error {
	if v := Level(text); slices.Contains(levels, v) {
		*l = v
		return nil
	}
	return fmt.Errorf("level %q: expected one of %v", text, levels)
}
