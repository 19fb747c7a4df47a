package org.oktoblas.cli;

import ai.djl.repository.zoo.ModelNotFoundException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Exceptions as one sentence for a person. */
final class Errors {

    private Errors() {}

    /** Returns what went wrong, in one line. */
    static String sentence(Throwable e) {
        if (e instanceof FileSystemException file) {
            return fileSentence(file);
        }
        if (e instanceof CharacterCodingException) {
            return "the text is not UTF-8";
        }
        if (e instanceof OutOfMemoryError) {
            return "the Java heap is full ("
                    + e.getMessage()
                    + "); OKTO_JAVA_OPTS=-Xmx8g enlarges it";
        }
        String message = e.getMessage();
        Throwable cause = e.getCause();
        // DJL wraps what a model's reader said; the reader's own words say more.
        boolean wrapped = message == null || e instanceof ModelNotFoundException;
        if (wrapped && cause != null && cause.getMessage() != null) {
            return sentence(cause);
        }
        boolean bug =
                message == null
                        || e instanceof NullPointerException
                        || e instanceof IndexOutOfBoundsException;
        return bug
                ? "unexpected error (%s: %s); --debug shows where"
                        .formatted(e.getClass().getSimpleName(), oneLine(message))
                : oneLine(message);
    }

    private static String fileSentence(FileSystemException e) {
        String file = e.getFile();
        if (e instanceof NoSuchFileException) {
            return "there is no file " + file;
        }
        if (e instanceof AccessDeniedException) {
            return "no permission for " + file;
        }
        if (e instanceof FileAlreadyExistsException || e instanceof DirectoryNotEmptyException) {
            return file + " exists already; --force replaces it";
        }
        if (e instanceof NotDirectoryException) {
            return file + " is not a directory";
        }
        return oneLine(e.getMessage());
    }

    /** Returns a message with its line ends as blanks. */
    static String oneLine(String message) {
        return message == null ? "no message" : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
