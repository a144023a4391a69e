package world

import "fmt"

// Unavailable says why the namespace world cannot be had.
type Unavailable struct {
	Step    string // what was being done: "clone", "mount /proc"
	Meaning string // what the kernel's answer means for the user
	Err     error  // the kernel's answer, usually a syscall.Errno
}

func (u *Unavailable) Error() string {
	if u.Meaning == "" {
		return fmt.Sprintf("no namespaces: %s: %v", u.Step, u.Err)
	}
	return fmt.Sprintf("no namespaces: %s: %v (%s)", u.Step, u.Err, u.Meaning)
}

func (u *Unavailable) Unwrap() error { return u.Err }
