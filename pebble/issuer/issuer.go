// Package issuer issues certificates in forms that Pebble's own issuer does not have:
// with chains that depend on the type of the leaf's key, and with the extensions that
// other CAs give to a leaf.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// A Leaf says what a leaf holds beside its names, its key and its validity. The zero
// value is a leaf without a subject, with the key usage digitalSignature and the
// extended key usage serverAuth.
type Leaf struct {
	// CommonName puts the first name into the subject.
	CommonName bool `yaml:"common_name"`
	// KeyEncipherment adds this key usage for RSA keys.
	KeyEncipherment bool `yaml:"key_encipherment"`
	// SubjectKeyID adds a subject key identifier.
	SubjectKeyID bool `yaml:"subject_key_id"`
	// ClientAuth adds this extended key usage.
	ClientAuth bool `yaml:"client_auth"`
}

// A Form says what an issuer's certificates and chains look like.
type Form struct {
	// ECDSA and RSA are the numbers of intermediates for leaf keys of the two types, 1
	// to 3. Other types of keys have the chains of ECDSA.
	ECDSA, RSA int
	// Alternate adds a second chain, which lacks the last certificate of the first.
	// Nothing is added to a chain of one intermediate.
	Alternate bool
	// Several makes two issuers sign leaves in turn. Their names and keys, and those of the
	// certificates above them, differ. Their subject key identifiers are the same.
	Several bool
	Leaf    Leaf
}

// An Issuer signs certificates with keys of its own, all of ECDSA. Its methods may be
// called from any goroutine.
type Issuer struct {
	form  Form
	keyID []byte
	root  authority

	mu     sync.Mutex
	chains map[string][]authority // by the name of the one that signs leaves, from the leaf upwards
	issued map[string]int         // how many leaves, by the type of their key
}

// authority is a certificate that signs others.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New returns an issuer with this root. The certificates that sign leaves get keyID as
// their subject key identifier, so that Pebble takes the issuer for its own.
func New(form Form, root Root, keyID []byte) *Issuer {
	return &Issuer{
		form: form, keyID: keyID, root: authority{root.Certificate, root.Key},
		chains: map[string][]authority{}, issued: map[string]int{},
	}
}

// Root returns the root of the issuer's first chains.
func (i *Issuer) Root() *x509.Certificate { return i.root.certificate }

// Intermediates returns the certificates between a leaf and the root, those above leaves
// with keys of ECDSA first, then those of RSA, each from the leaf upwards. Where several
// issuers sign in turn, it returns those of the first one before those of the second.
func (i *Issuer) Intermediates() (all []*x509.Certificate, err error) {
	numbers := 1
	if i.form.Several {
		numbers = 2
	}
	for number := range numbers {
		for _, public := range []any{&ecdsa.PublicKey{}, &rsa.PublicKey{}} {
			chain, err := i.chain(&x509.Certificate{PublicKey: public}, number)
			if err != nil {
				return nil, err
			}
			for _, a := range chain {
				all = append(all, a.certificate)
			}
		}
	}
	return all, nil
}

// Issue signs a certificate that has the serial number, the validity, the names and the
// key of another one. It returns the certificate, and the chains above it, the one that
// clients get by default first.
func (i *Issuer) Issue(like *x509.Certificate) (*x509.Certificate, [][]*x509.Certificate, error) {
	chain, err := i.chain(like, i.turn(like))
	if err != nil {
		return nil, nil, err
	}
	leaf, err := i.leaf(like, chain[0])
	if err != nil {
		return nil, nil, fmt.Errorf("certificate for %q: %w", like.DNSNames, err)
	}
	first := make([]*x509.Certificate, len(chain))
	for n, a := range chain {
		first[n] = a.certificate
	}
	all := [][]*x509.Certificate{first}
	if i.form.Alternate && len(first) > 1 {
		all = append(all, first[:len(first)-1])
	}
	return leaf, all, nil
}

func (i *Issuer) leaf(like *x509.Certificate, by authority) (*x509.Certificate, error) {
	form := i.form.Leaf
	template := &x509.Certificate{
		SerialNumber:          like.SerialNumber,
		NotBefore:             like.NotBefore,
		NotAfter:              like.NotAfter,
		DNSNames:              like.DNSNames,
		IPAddresses:           like.IPAddresses,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, extension := range like.Extensions {
		if extension.Id.Equal(mustStaple) {
			template.ExtraExtensions = append(template.ExtraExtensions, extension)
		}
	}
	if form.CommonName && len(like.DNSNames) > 0 && len(like.DNSNames[0]) <= maxCommonName {
		template.Subject.CommonName = like.DNSNames[0]
	}
	if _, ok := like.PublicKey.(*rsa.PublicKey); ok && form.KeyEncipherment {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if form.ClientAuth {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if form.SubjectKeyID {
		hash := sha1.Sum(like.RawSubjectPublicKeyInfo)
		template.SubjectKeyId = hash[:]
	}
	return sign(template, by, like.PublicKey)
}

// mustStaple identifies the extension of RFC 7633, the only one that Pebble takes over
// from a request.
var mustStaple = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

// maxCommonName is the greatest length of a common name (RFC 5280, appendix A.1).
const maxCommonName = 64

// turn returns which issuer signs the next leaf with a key of this type, 0 or 1.
func (i *Issuer) turn(leaf *x509.Certificate) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	letter, _ := i.kind(leaf)
	number := i.issued[letter] % 2
	i.issued[letter]++
	if !i.form.Several {
		return 0
	}
	return number
}

// kind returns a letter for the type of a leaf's key, and the number of intermediates above.
func (i *Issuer) kind(leaf *x509.Certificate) (letter string, length int) {
	if _, ok := leaf.PublicKey.(*rsa.PublicKey); ok {
		return "R", i.form.RSA
	}
	return "E", i.form.ECDSA
}

// chain returns the authorities of an issuer above a leaf, and makes them when they are
// needed first.
func (i *Issuer) chain(leaf *x509.Certificate, number int) ([]authority, error) {
	letter, length := i.kind(leaf)
	name := fmt.Sprintf("Local Y%s%d", letter, number+1)
	i.mu.Lock()
	defer i.mu.Unlock()
	if chain := i.chains[name]; chain != nil {
		return chain, nil
	}
	names := []string{name, "Local Root Y" + letter, "Local Root X2"}[:length]
	chain, above := make([]authority, length), i.root
	for n := length - 1; n >= 0; n-- {
		var keyID []byte
		if n == 0 {
			keyID = i.keyID
		}
		var err error
		if above, err = newAuthority(names[n], &above, keyID); err != nil {
			return nil, err
		}
		chain[n] = above
	}
	i.chains[name] = chain
	return chain, nil
}

// newAuthority returns an authority with a new key. It is a root if above is nil. It has
// a subject key identifier of its key unless keyID is given.
func newAuthority(name string, above *authority, keyID []byte) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("key of %s: %w", name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return authority{}, fmt.Errorf("serial number of %s: %w", name, err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(30, 0, 0), // longer than lives in virtual time
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		SubjectKeyId:          keyID,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	by := authority{template, key}
	if above != nil {
		by = *above
	}
	certificate, err := sign(template, by, key.Public())
	if err != nil {
		return authority{}, fmt.Errorf("certificate of %s: %w", name, err)
	}
	return authority{certificate, key}, nil
}

func sign(template *x509.Certificate, by authority, public any) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, public, by.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
