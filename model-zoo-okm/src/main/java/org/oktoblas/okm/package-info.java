/**
 * The {@code .okm} model format: one stored zip archive, or a directory of the same layout.
 *
 * <pre>
 * model.okm
 * ├── config.json               Hugging Face's GPT-2 keys, and one of ours, "okm"
 * ├── weights.bin               little-endian, row-major, each tensor at a multiple of 64 bytes
 * ├── tokenizer/tokenizer.json  a Hugging Face fast tokenizer; optional
 * └── serving.properties        only in a directory: how other engines and DJL Serving open it
 * </pre>
 *
 * <p>The key {@code okm} of {@code config.json} holds
 *
 * <ul>
 *   <li>{@code format_version}: 1;
 *   <li>{@code checksum}: of everything else in {@code config.json}, as {@link
 *       org.oktoblas.okm.Checksum#ofConfig} says;
 *   <li>{@code tokenizer}: the checksum of {@code tokenizer.json}, absent without a tokenizer;
 *   <li>{@code generation_config}: what Hugging Face's {@code generation_config.json} said, if
 *       anything;
 *   <li>{@code tensors}: a list of objects with {@code name}, {@code dtype} (F32, F16 or BF16),
 *       {@code shape}, {@code offset}, {@code byte_length} and {@code checksum}.
 * </ul>
 */
package org.oktoblas.okm;
