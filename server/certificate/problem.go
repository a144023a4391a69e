package certificate

import (
	"errors"
	"fmt"

	"assay/server/internal/logline"
)

// FileError says what is wrong with one file of a pair.
type FileError struct {
	Key     string // the configuration key that names the file
	Path    string
	Problem string
}

// Error returns "KEY: PATH: problem".
func (e *FileError) Error() string { return fmt.Sprintf("%s: %s", e.Key, e.Detail()) }

// Detail returns the error without the key. A damaged file may hold anything, also in the
// names that the problem quotes.
func (e *FileError) Detail() string {
	return logline.Shorten(fmt.Sprintf("%s: %s", e.Path, e.Problem), maxDetail)
}

// maxDetail is the number of characters of a detail that are shown: enough for the
// longest path.
const maxDetail = 5000

// Lines splits a joined error, so that each part can be reported on a line of
// its own.
func Lines(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var lines []error
	for _, part := range joined.Unwrap() {
		lines = append(lines, Lines(part)...)
	}
	return lines
}
