package strictyaml

import "fmt"

// A Mistake is one thing that is wrong in a YAML file.
type Mistake struct {
	File     string // path as it was given to Decode
	Line     int    // from 1
	Key      string // "known_failures[0].until"; "YAML" for the file as a whole
	Found    string // what the file says there
	Expected string // what it may say there
}

// Error begins with file and line, so that editors and terminals can jump there.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d: %s: found %s, expected %s",
		m.File, m.Line, m.Key, m.Found, m.Expected)
}
