// Package page opens the page that `istio-tenancy access -o html` writes in Debian's
// Chromium, and uses it as people do: with a keyboard, on a phone, in the dark.
package page
