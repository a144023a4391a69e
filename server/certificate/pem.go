package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"assay/server/config"
)

const (
	expectedChain = "expected the certificate and its chain in PEM"
	expectedKey   = "expected a private key in PEM"
)

// foreignForms are types of PEM blocks that hold a certificate in a form which
// servers do not read, with the command or the file that helps.
var foreignForms = map[string]string{
	"TRUSTED CERTIFICATE": "expected CERTIFICATE, to which openssl x509 converts it",
	"X509 CERTIFICATE":    "expected CERTIFICATE, to which openssl x509 converts it",
	"PKCS7":               "expected CERTIFICATE, to which openssl pkcs7 -print_certs converts it",
	"CMS":                 "expected CERTIFICATE",
}

// readChain reads the certificates of a file, in the order of the file, and
// returns them also as clean PEM. It ignores blocks of other types, such as the
// private key in a combined file.
func readChain(path string) ([]*x509.Certificate, []byte, error) {
	refuse := func(format string, args ...any) ([]*x509.Certificate, []byte, error) {
		return nil, nil, &FileError{config.KeyCertPath, path, fmt.Sprintf(format, args...)}
	}
	blocks, problem := readPEM(path)
	if problem != "" {
		return refuse("%s, %s", problem, expectedChain)
	}
	var chain []*x509.Certificate
	var clean bytes.Buffer
	for _, block := range blocks {
		if expected, foreign := foreignForms[block.Type]; foreign {
			return refuse("found the type %s at %s, %s", block.Type, block.at(), expected)
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return refuse("found a damaged certificate at %s (%v), expected an X.509 certificate",
				block.at(), err)
		}
		chain = append(chain, cert)
		clean.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	}
	if len(chain) > 0 {
		return chain, clean.Bytes(), nil
	}
	if privateKey(blocks) != nil {
		return refuse("found a private key and no certificate, expected the certificate "+
			"(are %s and %s swapped?)", config.KeyCertPath, config.KeyKeyPath)
	}
	return refuse("found no CERTIFICATE block but %s, %s", blocks[0].Type, expectedChain)
}

// readKey reads a file that holds a private key in PEM: PKCS #1, PKCS #8 or SEC
// 1, not encrypted. It returns the key as clean PEM.
func readKey(path string) ([]byte, error) {
	refuse := func(format string, args ...any) ([]byte, error) {
		return nil, &FileError{config.KeyKeyPath, path, fmt.Sprintf(format, args...)}
	}
	blocks, problem := readPEM(path)
	if problem != "" {
		return refuse("%s, %s", problem, expectedKey)
	}
	key := privateKey(blocks)
	switch {
	case key == nil && blocks[0].Type == "CERTIFICATE":
		return refuse("found a certificate and no private key, expected the private key "+
			"(are %s and %s swapped?)", config.KeyCertPath, config.KeyKeyPath)
	case key == nil:
		return refuse("found no PRIVATE KEY block but %s, %s", blocks[0].Type, expectedKey)
	case key.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(key.Headers["Proc-Type"], "ENCRYPTED"):
		return refuse("found an encrypted private key, expected one without a passphrase")
	}
	return pem.EncodeToMemory(&pem.Block{Type: key.Type, Bytes: key.Bytes}), nil
}

func privateKey(blocks []block) *pem.Block {
	for _, block := range blocks {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block.Block
		}
	}
	return nil
}

// readPEM returns all PEM blocks of a file, at least one, or what is wrong with
// the file.
func readPEM(path string) (blocks []block, problem string) {
	data, err := readRegular(path)
	if err != nil {
		return nil, "found " + err.Error()
	}
	if len(data) == 0 {
		return nil, "found an empty file"
	}
	if form := encoding(data); form != "" {
		return nil, "found " + form
	}
	blocks, problem = splitPEM(data)
	if problem == "" && len(blocks) == 0 {
		problem = "found no PEM block"
	}
	return blocks, problem
}

// readRegular reads a regular file. It refuses a directory, and a pipe, which
// could block for ever.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, errors.New("a directory")
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("something else than a regular file")
	}
	data, err := os.ReadFile(path)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return nil, fmt.Errorf("no readable file (%w)", pathErr.Err)
	}
	return data, err
}
