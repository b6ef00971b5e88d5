import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Calendar;
import java.util.Date;
import java.util.List;

import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.ExternalSigningSupport;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * Signs one PDF again and again with PDFBox and BouncyCastle: one invisible SM2/SM3 signature appended, CMS detached. It reads
 * a number a line and, having signed so many times, answers with the length of the last file. The argument is the PDF.
 */
public final class Seal {
    public static void main(String[] args) throws Exception {
        byte[] pdf = Files.readAllBytes(Path.of(args[0]));
        BouncyCastleProvider bc = new BouncyCastleProvider();
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", bc);
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair pair = generator.generateKeyPair();
        ContentSigner signer = new JcaContentSignerBuilder("SM3WITHSM2").setProvider(bc).build(pair.getPrivate());
        X500Name name = new X500Name("CN=yzbench");
        long now = System.currentTimeMillis();
        X509Certificate cert = new JcaX509CertificateConverter().setProvider(bc).getCertificate(
            new JcaX509v3CertificateBuilder(name, BigInteger.ONE, new Date(now - 3600000L), new Date(now + 86400000L), name, pair.getPublic())
                .build(signer));
        CMSSignedDataGenerator cms = new CMSSignedDataGenerator();
        cms.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider(bc).build()).build(signer, cert));
        cms.addCertificates(new JcaCertStore(List.of(cert)));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            int length = 0;
            for (int n = Integer.parseInt(line); n > 0; n--) {
                length = seal(pdf, cms).length;
            }
            System.out.println(length);
        }
    }

    private static byte[] seal(byte[] pdf, CMSSignedDataGenerator cms) throws Exception {
        try (PDDocument document = PDDocument.load(new ByteArrayInputStream(pdf))) {
            PDSignature signature = new PDSignature();
            signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
            signature.setSubFilter(PDSignature.SUBFILTER_ETSI_CADES_DETACHED);
            signature.setSignDate(Calendar.getInstance());
            document.addSignature(signature);
            ByteArrayOutputStream out = new ByteArrayOutputStream(pdf.length + 65536);
            ExternalSigningSupport external = document.saveIncrementalForExternalSigning(out);
            byte[] content;
            try (InputStream stream = external.getContent()) {
                content = stream.readAllBytes();
            }
            external.setSignature(cms.generate(new CMSProcessableByteArray(content), false).getEncoded());
            return out.toByteArray();
        }
    }
}
