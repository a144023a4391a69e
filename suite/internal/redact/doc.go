// Package redact rewrites what specs observed before it is stored.
//
// A [Redactor] replaces what must never be published: private keys, key
// authorizations, tokens. A [Mask] replaces what differs between two runs of one
// build: serial numbers, ports, addresses, times. Redact first and mask second,
// since a masked secret no longer has the form by which it is recognized.
//
// The package works on texts and on JSON values. Package verdict applies it to
// the outcome of a spec, once, in the process that ran the spec.
package redact
