//! An address as a QR code in text, two modules to a character.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// The lines of the code, or nothing if it is wider than `width`.
///
/// Scanners want dark modules on light ground with a margin. Where colours can be set the caller
/// paints the lines black on white and `painted` draws the dark modules; else the light ones are
/// drawn, which is right on a dark terminal.
pub(crate) fn lines(address: &str, width: usize, painted: bool) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    let (dark, light) =
        if painted { (Dense1x2::Dark, Dense1x2::Light) } else { (Dense1x2::Light, Dense1x2::Dark) };
    let margin = 2 * 4;
    if code.width() + margin > width {
        return None;
    }
    let text = code.render::<Dense1x2>().dark_color(dark).light_color(light).build();
    Some(text.lines().map(str::to_owned).collect())
}
