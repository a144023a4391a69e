package logtext

import "strings"

// Words returns what a line says to a reader: the line without colours, then,
// each on a line of its own, every quoted text in it that holds escapes, without
// them, and every address that it gives in parts, as "ip:port". A text within a
// text within a text is found too.
func Words(line string) string {
	if strings.IndexByte(line, '\\') < 0 && strings.IndexByte(line, escape) < 0 &&
		!mayHoldAddress(line) {
		return line // by far the most
	}
	r := read(line)
	all := append([]string{r.plain}, r.texts...)
	all = append(all, r.addresses()...)
	return strings.Join(all, "\n")
}
