package strictyaml

import (
	"fmt"
	"strconv"
	"strings"
)

// A Mistake is one thing that is wrong in a YAML file.
type Mistake struct {
	File     string // path as it was given to Decode
	Line     int    // from 1
	Key      string // "known_failures[0].until"; "YAML" for the file as a whole
	Found    string // what the file says there
	Expected string // what it may say there
}

// Error begins with file and line, so that editors and terminals can jump there. It is
// one line of printable characters, whatever the file holds.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d: %s: found %s, expected %s",
		m.File, m.Line, printable(m.Key), printable(m.Found), printable(m.Expected))
}

// printable returns a text with escape sequences of Go in the place of what a terminal
// does not show as it is. Quotes and backslashes stay as they are.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return unquote.Replace(quoted[1 : len(quoted)-1])
}

var unquote = strings.NewReplacer(`\\`, `\`, `\"`, `"`)
