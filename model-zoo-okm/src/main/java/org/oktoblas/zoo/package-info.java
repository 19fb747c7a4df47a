/**
 * Models by name, path and URL: DJL's zoo, repositories and translators for {@code .okm} models,
 * and {@link org.oktoblas.zoo.LanguageModel}, which generates and scores text in one call.
 */
package org.oktoblas.zoo;
