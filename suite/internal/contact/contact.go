// Package contact carries, from the process of a run that lets the target get a
// certificate to those that run the specs, what the target never does. A server that never
// turns to its CA makes every wait for the CA a wait in vain.
package contact

import (
	"encoding/json"
	"os"
)

// A Finding says what the target did not do in the time that a spec gives it, on a machine
// that was not starved.
type Finding struct {
	// Never says that no request reached the CA, by whichever challenge type. It is also
	// true of a target that tried another CA.
	Never bool
	// NotReady says that such a target was not ready either.
	NotReady bool
	// Cause says in words what kept the target from the CA, as far as that is known. It is
	// empty if a request reached the CA.
	Cause string
	// NoListener says that the target never listened where the CA expects the answers
	// to HTTP-01 challenges, and got no certificate by that type.
	NoListener bool
}

// Store writes a finding to the file at path. A reader sees all of it or nothing.
func (f Finding) Store(path string) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// A Reader reads the latest finding. A nil Reader finds nothing.
type Reader struct{ path string }

// NewReader returns a Reader of the file at path.
func NewReader(path string) *Reader { return &Reader{path} }

// maxSize is the size of the largest file that is read. A finding is shorter. The
// target can write to the directory too.
const maxSize = 64 << 10

// Finding returns the finding. It returns the zero Finding if there is none, or if the
// file holds something else.
func (r *Reader) Finding() Finding {
	if r == nil {
		return Finding{}
	}
	var f Finding
	info, err := os.Lstat(r.path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSize {
		return Finding{}
	}
	text, err := os.ReadFile(r.path)
	if err != nil || json.Unmarshal(text, &f) != nil {
		return Finding{}
	}
	return f
}
