package badge

import "strings"

// The characters that are narrower or wider than the others of ASCII in Verdana.
const (
	narrow = "!',.:;I[]`fijlrt|() "
	wide   = "MW@%m+=<>~#"
)

// width returns how wide a text is, in pixels. It takes a wide character for each
// that it does not know, so that no text is squeezed.
func width(text string) int {
	tenths := 0
	for _, c := range text {
		switch {
		case strings.ContainsRune(narrow, c):
			tenths += 44
		case strings.ContainsRune(wide, c):
			tenths += 94
		case c < 0x80:
			tenths += 70
		default:
			tenths += 110
		}
	}
	return (tenths + 9) / 10
}
