// Package pebble runs a local ACME certificate authority for tests: Let's Encrypt's
// Pebble as a library, a new instance for each test. An edge in front of Pebble keeps
// a journal, holds polls until the state is final, and injects faults.
//
// # Parts
//
// Pebble keeps accounts, orders and keys, validates challenges and signs
// certificates. The edge is the handler behind the HTTPS endpoint. It passes requests
// on to Pebble. Depending on the [Dialect], it changes two things in which Pebble
// differs from Let's Encrypt: it adds a Location header to the answer to finalize, and
// it holds a poll until the state is final. The gateway accepts the connections of
// Pebble's validation and forwards them to the server under test. A DNS server answers
// the questions of validation.
//
// All listeners are opened by the caller ([Options]), so this package knows nothing
// about network namespaces and chooses no ports.
//
// # The journal
//
// Each request, verdict on a challenge, issued certificate and connection of validation
// is an [Entry] of the CA's [Journal], in order and without secrets.
package pebble
