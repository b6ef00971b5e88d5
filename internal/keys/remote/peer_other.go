//go:build !linux

package remote

import "net"

// peer is not known here: the modes of socket and folder alone keep others out.
func peer(*net.UnixConn) (uid int, known bool, err error) { return 0, false, nil }
