package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// collect gathers what the report says of a spec: observations without secrets
// and their masks, what the CA did for it and, if it failed, its evidence.
func (e *Env) collect(failed bool) {
	secrets := e.secrets()
	e.Outcome.Observations = report.NewRedactor(secrets...).Observations(e.Outcome.Observations)
	if e.ca != nil {
		e.Outcome.UsedCA = true
		e.Outcome.Issuances = len(e.ca.Journal().Issued())
	}
	e.Outcome.Roles = e.roles()
	if failed || e.setup.Keep != "" {
		e.Outcome.Evidence = e.evidence()
		e.Outcome.Secrets = secrets
	}
}

// secrets are what the report must not hold of this spec: every private key
// that lies in its directory, in the forms in which one may be logged, and what
// it came across before.
func (e *Env) secrets() []string {
	SecretsBelow(e, ".")
	return e.known
}

// roles names this spec's addresses, directory and host, so that what was
// observed can be compared with another run's.
func (e *Env) roles() map[string]string {
	v4, v6 := e.World.Host()
	roles := map[string]string{e.Dir: "<dir>", e.Hostname: "<hostname>", v4.String(): "<host>"}
	if v6.IsValid() {
		roles[v6.String()] = "<host6>"
	}
	roles[e.World.Sites().Authority] = "<ca>"
	return roles
}

// evidence is what a person needs to understand a failure: the configuration
// and the log of each server started, and the CA's journal.
func (e *Env) evidence() *report.Evidence {
	found := &report.Evidence{}
	var starts []*sut.Log
	for _, server := range e.servers {
		found.Config = server.configuration()
		if server.Process == nil {
			continue
		}
		starts = append(starts, server.Logs()...)
	}
	for i, log := range starts {
		if len(starts) > 1 { // a control and what it is the control of, say
			found.Log = append(found.Log, fmt.Sprintf("--- start %d of %d ---", i+1, len(starts)))
		}
		for _, line := range log.Lines() {
			found.Log = append(found.Log, line.Text)
		}
	}
	if e.ca != nil {
		for _, entry := range e.ca.Journal().Entries() {
			found.ACME = append(found.ACME, report.Exchange{
				TMS: entry.T.Milliseconds(), From: entry.From, To: entry.To,
				What: entry.What, Status: entry.Status, Fault: entry.Fault,
				Detail: strings.TrimSpace(entry.Problem + " " + entry.Detail),
			})
		}
	}
	return found
}

// keep copies the spec's directory into the report, keys and all, for a
// person to look at and to start the server by hand.
func (e *Env) keep() error {
	to := filepath.Join(e.setup.Keep, e.requirement.ID, e.row.Name)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return copyTree(e.Dir, to)
}

// copyTree copies directories, files and symbolic links. What cannot be copied
// is left out: a server's sockets, and what a spec made unreadable.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return IgnoreGone(err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(to, rel)
		switch entry.Type() {
		case fs.ModeDir:
			return os.MkdirAll(copied, 0o755)
		case fs.ModeSymlink:
			points, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(points, copied)
		case 0:
			content, err := os.ReadFile(path)
			if err != nil {
				return IgnoreGone(err)
			}
			return os.WriteFile(copied, content, 0o600)
		}
		return nil
	})
}

// IgnoreGone is nil for what a walk through a spec's directory may leave out: what
// nobody may read, and what a server removed in the meantime.
func IgnoreGone(err error) error {
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
