// Package logtext reads lines of logs, in whatever format a server writes them:
// plain text, JSON, key="value" pairs, and any of these within another. It knows
// what a line says, at which level, and which addresses it names.
//
// Lines come from a server that may be hostile. Every function takes time
// proportional to the length of the line.
package logtext
