package ceremony

// CreatePlain is how a share is written where there are no hard links.
var CreatePlain = createPlain
