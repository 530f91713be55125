// For Android Studio. The library comes from `make aar`; everything else is pinned in gradle/libs.versions.toml.
pluginManagement {
    repositories {
        google()
        mavenCentral()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        maven(url = uri("../build/aar"))
        google()
        mavenCentral()
    }
}

rootProject.name = "android-sample"
include(":app")
