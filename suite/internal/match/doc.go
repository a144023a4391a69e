// Package match holds the matchers with which specs judge what they saw:
// handshakes, chains, HTTP responses, the journal of the CA, log lines, files
// and processes.
//
// A matcher judges a plain value. It opens no connection, starts nothing and
// changes nothing, so that a failed judgement can be repeated from the evidence.
package match
