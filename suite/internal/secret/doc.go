// Package secret knows in which forms a private key may be written down, so that
// logs, answers and files can be searched for the keys that exist.
package secret
