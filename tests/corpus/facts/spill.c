/* Fourteen values in flight; with -ffixed-REG some of them must wait on the stack. */
long in[14], out[14];
__attribute__((noinline)) void spill(long n)
{
    long a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5], g = in[6], h = in[7], i = in[8];
    for (long k = 0; k < n; k++) {
        a += b ^ k;
        b += c ^ a;
        c += d ^ b;
        d += e ^ c;
        e += f ^ d;
        f += g ^ e;
        g += h ^ f;
        h += i ^ g;
        i += a ^ h;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d, out[4] = e, out[5] = f, out[6] = g, out[7] = h, out[8] = i;
}
int main(int c, char **v)
{
    (void)v;
    spill(c);
    return (int)out[3];
}
