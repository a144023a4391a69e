package config

// The keys of the configuration file. All but KeyChainCheck are keys of
// headscale, with the meaning of its TLS documentation.
const (
	KeyServerURL     = "server_url"
	KeyListenAddr    = "listen_addr"
	KeyCertPath      = "tls_cert_path"
	KeyKeyPath       = "tls_key_path"
	KeyHostname      = "tls_letsencrypt_hostname"
	KeyACMEListen    = "tls_letsencrypt_listen"
	KeyCacheDir      = "tls_letsencrypt_cache_dir"
	KeyChallengeType = "tls_letsencrypt_challenge_type"
	KeyACMEURL       = "acme_url"
	KeyACMEEmail     = "acme_email"
	KeyChainCheck    = "tls_chain_check"
)

// keys lists every key that a configuration file may hold, in the order of the
// documentation.
var keys = []string{
	KeyServerURL, KeyListenAddr,
	KeyCertPath, KeyKeyPath, KeyChainCheck,
	KeyHostname, KeyACMEListen, KeyCacheDir, KeyChallengeType,
	KeyACMEURL, KeyACMEEmail,
}

// defaults holds the meaning of an absent or empty key. A key that is not here
// has no default.
var defaults = map[string]string{
	KeyListenAddr:    "127.0.0.1:8080",
	KeyChainCheck:    string(Enforce),
	KeyACMEListen:    ":http",
	KeyCacheDir:      ".cache",
	KeyChallengeType: string(HTTP01),
	KeyACMEURL:       "https://acme-v02.api.letsencrypt.org/directory",
}
