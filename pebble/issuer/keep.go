package issuer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Root is a root certificate with its key.
type Root struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// NewRoot returns a root with a new key.
func NewRoot(name string) (Root, error) {
	a, err := newAuthority(name, nil, nil)
	return Root{a.certificate, a.key}, err
}

// KeepRoot returns the root that a file holds, in PEM, first the certificate and then the
// key. If there is no file, it makes a root and writes the file, which nobody else can read.
func KeepRoot(file, name string) (Root, error) {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		root, err := NewRoot(name)
		if err != nil {
			return Root{}, err
		}
		return root, root.write(file)
	case err != nil:
		return Root{}, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return Root{}, fmt.Errorf("%s: %w, expected a root with its key", file, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return Root{}, fmt.Errorf("%s: found no root with a key of ECDSA", file)
	}
	return Root{pair.Leaf, key}, nil
}

// write writes the file whole or not at all.
func (r Root) write(file string) error {
	key, err := x509.MarshalPKCS8PrivateKey(r.Key)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, block := range []*pem.Block{
		{Type: "CERTIFICATE", Bytes: r.Certificate.Raw}, {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := pem.Encode(&text, block); err != nil {
			return err
		}
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(text.Bytes())
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
