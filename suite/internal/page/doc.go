// Package page shows a report as one HTML file, which needs no network and no
// other file. Everything in a report may come from the server under test, so
// the package treats every text as hostile: html/template escapes it, control
// characters are shown as escapes, and a Content-Security-Policy allows no
// script and no style but the page's own.
//
// The page works without its script. The script adds the filter, and opens what
// a link leads to in browsers that do not do so by themselves.
package page
