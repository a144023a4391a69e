// Package certificate holds the operator's own certificate: it reads the pair
// with a precise message about everything that can be wrong with it, checks its
// chain, and replaces the pair while the server runs.
//
// # When a chain is refused
//
// The check refuses only what is provably wrong, and it asks neither the network
// nor, with the exception below, the machine. These chains are provably wrong:
//
//   - a certificate is followed by one that did not issue it: an intermediate is
//     missing between two others, the order is wrong, or a foreign certificate is
//     in the file;
//   - a certificate follows a self-signed one;
//   - an intermediate is outside its validity;
//   - the last certificate says that its issuer is no root.
//
// Whether the issuer of the last certificate is a root cannot be known in
// general: clients hold the root, and the file need not (RFC 8446 §4.4.2). The
// address of the issuer's certificate (caIssuers, RFC 5280 §4.2.2.1) proves
// nothing. It says where the issuer's certificate can be fetched, and many CAs
// write it below a root too: AD CS into every leaf, public CAs into every
// intermediate and into cross-signed roots. The last certificate says that its
// issuer is no root in two ways:
//
//   - It is no CA certificate, and it was issued under the Baseline Requirements
//     of the CA/Browser Forum: it has one of their policies (2.23.140.1.2.1 to
//     2.23.140.1.2.3, or 2.23.140.1.1), or timestamps of certificate transparency
//     (RFC 6962 §3.3). Section 6.1.7 of the requirements forbids a root to sign such
//     a certificate. A root in the machine's trust store that signed it
//     nevertheless is the exception.
//   - Its authority key identifier names the certificate of its issuer, by that
//     certificate's own issuer and serial number (RFC 5280 §4.2.1.1), and the two
//     issuers differ: the issuer is not self-signed. Clients that compare the
//     identifier, as OpenSSL does, find no root for such a certificate.
//
// Everything else is served without a warning: a leaf of a private root, with
// and without caIssuers, and a chain that ends with an intermediate or with a
// cross-signed root.
package certificate
