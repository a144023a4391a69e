// Package pebble is a local ACME certificate authority for tests: Let's
// Encrypt's Pebble run in process, one fresh instance per test, behind an edge
// that keeps a journal, answers polls as soon as there is something to say, and
// fails by script.
//
// # Parts
//
// Pebble itself holds accounts, orders and keys, validates challenges and
// signs. The edge is the HTTPS endpoint that clients talk to; it hands every
// request on to Pebble and, depending on the [Manner], smooths the two places
// where Pebble differs from Let's Encrypt: it adds a Location header to the
// answer to finalize, and holds a poll until the state polled for is final. The
// gateway is the road from Pebble's validation to the server under test. A DNS
// server answers the questions that validation asks.
//
// Everything that listens is handed in ready-made ([Options]), so the package
// knows nothing of network namespaces or of ports.
//
// # Reading what happened
//
// Every exchange, validation verdict, issuance and validation connection is an
// [Entry] of the CA's [Journal], in order, without secrets.
package pebble
