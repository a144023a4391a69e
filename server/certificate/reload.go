package certificate

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"slices"
	"time"
)

// reload reads the files again and reports whether they hold another pair than
// the one in use. A bad pair is not used and gives an error.
func (o *Own) reload() (changed bool, err error) {
	pair, warnings, err := Load(o.files)
	if err != nil {
		return false, err
	}
	if same(pair, o.Current()) {
		return false, nil
	}
	if err := worse(pair, o.Current()); err != nil {
		return false, err
	}
	o.use(pair, warnings)
	return true, nil
}

// worse returns an error if clients cannot accept the new pair today, but can
// accept the current one.
func worse(fresh, current *tls.Certificate) error {
	problem := notValidNow(fresh.Leaf)
	if problem == "" || notValidNow(current.Leaf) != "" {
		return nil
	}
	return fmt.Errorf("the new certificate (%s) %s while the current one is valid",
		Name(fresh.Leaf), problem)
}

func same(a, b *tls.Certificate) bool {
	// The same public key has the same private key.
	return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
}

// Reload reads the files again, as SIGHUP asks, and logs every result.
func (o *Own) Reload() {
	o.mu.Lock()
	defer o.mu.Unlock()
	changed, err := o.reload()
	switch {
	case err != nil:
		o.logRefusal(err)
	case changed:
		o.logReplaced()
	default:
		o.refusal = ""
		o.log.Printf("certificate unchanged: %s", o.describe())
	}
}

// filesChanged reads the files again after an event in one of their
// directories. It logs a replacement, and a refusal that differs from the last
// one: most events are about other files, and a slow replacement has several
// events.
func (o *Own) filesChanged() {
	o.mu.Lock()
	defer o.mu.Unlock()
	changed, err := o.reload()
	switch {
	case err != nil && err.Error() != o.refusal:
		o.logRefusal(err)
	case err == nil && changed:
		o.logReplaced()
	case err == nil:
		o.refusal = ""
	}
}

func (o *Own) logReplaced() {
	o.refusal = ""
	o.log.Printf("certificate replaced: %s", o.describe())
}

func (o *Own) logRefusal(err error) {
	o.refusal = err.Error()
	for _, line := range Lines(err) {
		o.log.Printf("certificate not replaced, the current one stays in use: %v", line)
	}
}

func (o *Own) describe() string {
	leaf := o.Current().Leaf
	return fmt.Sprintf("%s, serial %s, expires %s",
		Name(leaf), leaf.SerialNumber.Text(16), leaf.NotAfter.UTC().Format(time.RFC3339))
}
