package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"assay/fixtures/pki"
)

// with returns a copy of a certificate with other extensions. The signature
// stays as it was, and the rule does not look at it.
func with(
	cert *x509.Certificate,
	policies []string,
	extensions ...pkix.Extension,
) *x509.Certificate {
	changed := *cert
	changed.Policies = nil
	for _, policy := range policies {
		oid, err := x509.ParseOID(policy)
		if err != nil {
			panic(err)
		}
		changed.Policies = append(changed.Policies, oid)
	}
	changed.Extensions = slices.Clone(extensions)
	return &changed
}

// authority returns an authority key identifier that names the issuer's
// certificate by the issuer of that certificate, as the option issuer:always of
// OpenSSL writes it.
func authority(t *testing.T, rawIssuer []byte) pkix.Extension {
	t.Helper()
	name, err := asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassContextSpecific, Tag: directoryName, IsCompound: true, Bytes: rawIssuer,
	})
	if err != nil {
		t.Fatal(err)
	}
	value, err := asn1.Marshal(struct {
		KeyID  []byte        `asn1:"optional,tag:0"`
		Issuer asn1.RawValue `asn1:"optional,tag:1"`
		Serial *big.Int      `asn1:"optional,tag:2"`
	}{
		[]byte{1, 2, 3},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: name},
		big.NewInt(7),
	})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: oidAuthority, Value: value}
}

func TestLastCertificateThatNeedsItsIssuer(t *testing.T) {
	t.Parallel()
	id := mint(t, "a.test", pki.Spec{Intermediates: 1})
	leaf, intermediate, root := id.Leaf, id.Intermediates[0], id.Root
	timestamps := pkix.Extension{Id: oidTimestamps, Value: []byte{4, 0}}
	for name, test := range map[string]struct {
		cert  *x509.Certificate
		needs bool
	}{
		"domain validated":          {with(leaf, []string{"2.23.140.1.2.1"}), true},
		"organization validated":    {with(leaf, []string{"1.2.3.4", "2.23.140.1.2.2"}), true},
		"individual validated":      {with(leaf, []string{"2.23.140.1.2.3"}), true},
		"extended validation":       {with(leaf, []string{"2.23.140.1.1"}), true},
		"timestamps":                {with(leaf, nil, timestamps), true},
		"only caIssuers":            {with(leaf, nil), false},
		"a policy of its own":       {with(leaf, []string{"1.3.6.1.4.1.311.21.8.1"}), false},
		"public intermediate":       {with(intermediate, []string{"2.23.140.1.2.1"}), false},
		"root":                      {root, false},
		"issuer is an intermediate": {with(leaf, nil, authority(t, root.RawSubject)), true},
		"issuer is a root":          {with(leaf, nil, authority(t, leaf.RawIssuer)), false},
		"issuer of an intermediate": {with(intermediate, nil, authority(t, leaf.RawIssuer)), true},
		"key identifier is nonsense": {
			with(leaf, nil, pkix.Extension{Id: oidAuthority, Value: []byte{1}}), false,
		},
	} {
		if got := needsIssuer(test.cert); got != test.needs {
			t.Errorf("%s: got %v, want %v", name, got, test.needs)
		}
	}
}
