package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"assay/server/config"
)

// Files says where a pair lies and how its chain is judged.
type Files struct {
	CertPath   string // absolute
	KeyPath    string // absolute
	ChainCheck config.ChainCheck
}

// Load reads a pair. The error joins a *FileError for each thing that is wrong.
// The warnings, one line each, are about a pair that can be served
// nevertheless.
func Load(files Files) (pair *tls.Certificate, warnings []string, err error) {
	chain, certPEM, certErr := readChain(files.CertPath)
	keyPEM, keyErr := readKey(files.KeyPath)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, nil, err
	}
	loaded, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, nil, mismatch(files, chain, keyPEM, err)
	}
	warnings = validityWarnings(chain[0], files)
	check := files.ChainCheck
	if check == config.Enforce || check == config.Warn {
		for _, problem := range ChainProblems(chain) {
			defect := &FileError{config.KeyCertPath, files.CertPath, problem}
			if check == config.Enforce {
				err = errors.Join(err, defect)
			} else {
				warnings = append(warnings, defect.Error())
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return &loaded, warnings, nil
}

// mismatch explains why certificate and key do not belong together. Either the
// key belongs to another certificate, or the certificate of the key is not the
// first one in the file.
func mismatch(files Files, chain []*x509.Certificate, keyPEM []byte, err error) error {
	for i, cert := range chain[1:] {
		alone := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		if _, err := tls.X509KeyPair(alone, keyPEM); err == nil {
			return &FileError{config.KeyCertPath, files.CertPath, fmt.Sprintf(
				"%s does not belong to the key: the certificate that does, %q, is misplaced at place %d, "+
					"expected it at place 1", at(chain, 0), Name(cert), i+2)}
		}
	}
	return &FileError{config.KeyKeyPath, files.KeyPath, fmt.Sprintf(
		"found no key for the certificate in %s (%s), expected its private key",
		files.CertPath, strings.TrimPrefix(err.Error(), "tls: "))}
}
