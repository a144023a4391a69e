package certificate

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"assay/server/config"
)

// readChain reads the certificates of a file, in the file's order. Other PEM blocks (a private key in a combined
// file, parameters) are passed over.
func readChain(path string) ([]*x509.Certificate, []byte, error) {
	refuse := func(format string, args ...any) ([]*x509.Certificate, []byte, error) {
		return nil, nil, &FileError{config.KeyCertPath, path, fmt.Sprintf(format, args...)}
	}
	data, blocks, problem := readPEM(path)
	if problem != "" {
		return refuse("%s, expected the certificate and its chain in PEM", problem)
	}
	var chain []*x509.Certificate
	for _, block := range blocks {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return refuse("found a damaged certificate at place %d (%v), expected an X.509 certificate", len(chain)+1, err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		if privateKey(blocks) != nil {
			return refuse("found a private key and no certificate, expected the certificate (are %s and %s swapped?)",
				config.KeyCertPath, config.KeyKeyPath)
		}
		return refuse("found no CERTIFICATE block, expected the certificate and its chain in PEM")
	}
	return chain, data, nil
}

// readKey reads a file that holds a private key in PEM: PKCS #1, PKCS #8 or SEC 1, not encrypted.
func readKey(path string) ([]byte, error) {
	refuse := func(problem string) ([]byte, error) {
		return nil, &FileError{config.KeyKeyPath, path, problem}
	}
	data, blocks, problem := readPEM(path)
	if problem != "" {
		return refuse(problem + ", expected a private key in PEM")
	}
	key := privateKey(blocks)
	if key == nil {
		if len(blocks) > 0 && blocks[0].Type == "CERTIFICATE" {
			return refuse(fmt.Sprintf("found a certificate and no private key, expected the private key (are %s and %s swapped?)",
				config.KeyCertPath, config.KeyKeyPath))
		}
		return refuse("found no PRIVATE KEY block, expected a private key in PEM")
	}
	if key.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(key.Headers["Proc-Type"], "ENCRYPTED") {
		return refuse("found an encrypted private key, expected one without a passphrase")
	}
	return data, nil
}

func privateKey(blocks []*pem.Block) *pem.Block {
	for _, block := range blocks {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
	return nil
}

// readPEM returns a file and all of its PEM blocks, or what is wrong with it.
func readPEM(path string) (data []byte, blocks []*pem.Block, problem string) {
	data, err := readRegular(path)
	if err != nil {
		return nil, nil, "found " + err.Error()
	}
	if len(data) == 0 {
		return nil, nil, "found an empty file"
	}
	for rest := data; ; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		blocks = append(blocks, block)
		rest = after
	}
	// The decoder passes over damaged blocks in silence; a chain that lost a certificate that way must not pass.
	if begun := strings.Count(string(data), "-----BEGIN "); begun != len(blocks) {
		return nil, nil, fmt.Sprintf("found %d PEM blocks of which %d are whole (truncated or damaged)", begun, len(blocks))
	}
	if len(blocks) == 0 {
		if looksLikeDER(data) {
			return nil, nil, "found DER"
		}
		return nil, nil, "found no PEM block"
	}
	return data, blocks, ""
}

// readRegular reads a regular file: a directory is refused, and a pipe, which could block for ever.
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

// looksLikeDER recognises the outer SEQUENCE that certificates and keys alike begin with (X.690 §8.9).
func looksLikeDER(data []byte) bool { return len(data) > 4 && data[0] == 0x30 && data[1]&0x80 != 0 }
