//! Segments encrypted whole with AES-128 in CBC (RFC 8216bis 4.4.4.4).

use super::fetcher::KEY_BYTES;
use aes::cipher::{BlockDecryptMut, KeyIvInit, block_padding::Pkcs7};
use bytes::Bytes;
use synctv_ingest::Error;

/// Decrypts a segment, and takes off the padding.
///
/// # Errors
/// [`Error::Malformed`] for a key that has not 16 bytes, and for what was not encrypted with it.
pub fn decrypt(segment: &Bytes, key: &[u8], iv: [u8; 16]) -> Result<Bytes, Error> {
    let key: [u8; KEY_BYTES] = key.try_into().map_err(|_| Error::malformed("HLS key", "it has not 16 bytes"))?;
    let mut buffer = segment.to_vec();
    let cipher = cbc::Decryptor::<aes::Aes128>::new(&key.into(), &iv.into());
    let plain = cipher.decrypt_padded_mut::<Pkcs7>(&mut buffer);
    let length = plain.map_err(|_| Error::malformed("HLS segment", "it does not decrypt with its key"))?.len();
    buffer.truncate(length);
    Ok(buffer.into())
}

/// The IV of a segment that names none: its media sequence number.
#[must_use]
pub fn sequence_vector(sequence: u64) -> [u8; 16] {
    u128::from(sequence).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockEncryptMut;

    #[test]
    fn what_was_encrypted_comes_back_and_nothing_else_does() {
        let (key, iv) = ([7; 16], sequence_vector(2_000));
        assert_eq!(iv[14..], [7, 208]);
        let cipher = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into());
        let mut buffer = b"a segment that fills no block\0\0\0".to_vec();
        let sealed = Bytes::copy_from_slice(cipher.encrypt_padded_mut::<Pkcs7>(&mut buffer, 29).unwrap());
        assert_eq!(decrypt(&sealed, &key, iv).unwrap(), "a segment that fills no block");
        assert!(decrypt(&sealed, &[8; 16], iv).is_err());
        assert!(decrypt(&sealed, &key[..15], iv).is_err());
        assert!(decrypt(&sealed.slice(..31), &key, iv).is_err());
        assert!(decrypt(&Bytes::new(), &key, iv).is_err());
    }
}
