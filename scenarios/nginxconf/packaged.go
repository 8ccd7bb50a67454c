package nginxconf

import "path/filepath"

// proxyParams is what Debian's and Ubuntu's nginx bring as proxy_params. Other
// files of packages do nothing to connections; this one sets headers, which
// replace all that are inherited, Connection too.
const proxyParams = `proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`

// packaged gives an include of a file that is not there the text that packages
// have for it. It is none of the configuration's files.
func packaged(d *Directive, path string) error {
	if filepath.Base(path) != "proxy_params" {
		return nil
	}
	t, err := Parse(path, []byte(proxyParams))
	if err != nil {
		return err
	}
	t.Packaged, t.packagedFor = true, d
	d.Included = []*Tree{t}
	return nil
}
