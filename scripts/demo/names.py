"""Made-up names from several parts of the world, and what belongs to them.

No combination is meant to be anybody. Each name is given as it is written and as it stands in an address.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """Names that go together. zones: IANA names of where these travellers live. share: how many, relative.

    family_first: the family name is written before the given name, without a blank when `joined`.
    """

    language: str
    zones: tuple[str, ...]
    share: int
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    family_first: bool = False
    joined: bool = False


def _plain(names: str) -> tuple[tuple[str, str], ...]:
    """Pairs from "Zoë=zoe Ann": what is written, and its form in an address when it is not the same."""
    pairs = (name.partition("=") for name in names.split())
    return tuple((written, ascii_form or written.lower()) for written, _, ascii_form in pairs)


_EAST = "America/New_York"

CULTURES = (
    Culture(
        "en-US",
        (_EAST, _EAST, "America/Chicago", "America/Denver", "America/Los_Angeles"),
        10,
        _plain(
            "Avery Brooke Caleb Dana Elijah Grace Harper Isaac June Logan Maya Nora Owen Paige Ruth Wyatt"
        ),
        _plain("Ashdown Birchwood Calloway Dunmore Eastbrook Fairlow Greaves Hollis Kestrel Larkin Penrow"),
    ),
    Culture(
        "es-US",
        (_EAST, "America/Puerto_Rico", "America/Mexico_City"),
        5,
        _plain("Ximena Mateo Lucía=lucia Andrés=andres Inés=ines Joaquín=joaquin Marisol Paloma Íñigo=inigo"),
        _plain("Altamira Benavente Cordero Echeverría=echeverria Llorente Montaño=montano Quiñones=quinones"),
    ),
    Culture(
        "en-IN",
        ("Asia/Kolkata", _EAST),
        4,
        _plain("Aarav Diya Ishaan Kavya Meera Nikhil Priya Rohan Saanvi Vikram"),
        _plain("Acharya Banerjee Chaudhary Iyer Kulkarni Menon Nair Rathore Subramanian Trivedi"),
    ),
    Culture(
        "en-NG",
        ("Africa/Lagos", _EAST),
        3,
        _plain(
            "Adé=ade Chiamaka Ebuka Folasadé=folasade Ifeoma Kelechi Ngozi Olúwaseun=oluwaseun Tobi Zainab"
        ),
        _plain("Adébáyò=adebayo Balógun=balogun Chukwu Eze Okonkwo Ọláyínká=olayinka Umar Yusuf"),
    ),
    Culture(
        "de",
        ("Europe/Berlin", "Europe/Zurich", "Europe/Vienna"),
        3,
        _plain(
            "Anneliese Björn=bjoern Clemens Dörte=doerte Friederike Jörg=joerg Käthe=kaethe Lorenz Ulrike"
        ),
        _plain("Äbischer=aebischer Brückner=brueckner Dorfmeier Großmann=grossmann Krähenbühl=kraehenbuehl"),
    ),
    Culture(
        "fr",
        ("Europe/Paris", "America/Montreal"),
        3,
        _plain(
            "Aurélie=aurelie Benoît=benoit Clémence=clemence Fabrice Hélène=helene Loïc=loic Océane=oceane"
        ),
        _plain(
            "Beauchêne=beauchene D’Aubray=daubray Fontenelle Lefèvre-Noir=lefevre-noir Montclair Vauquelin"
        ),
    ),
    Culture(
        "tr",
        ("Europe/Istanbul",),
        2,
        _plain("Ayşe=ayse Çağlar=caglar Defne İlknur=ilknur Oğuz=oguz Şebnem=sebnem"),
        _plain("Akgün=akgun Çelikbaş=celikbas Öztuna=oztuna Şahinoğlu=sahinoglu Yıldızhan=yildizhan"),
    ),
    Culture(
        "sv",
        ("Europe/Stockholm",),
        2,
        _plain("Åsa=asa Göran=goran Linnéa=linnea Måns=mans Sigrid Torbjörn=torbjorn"),
        _plain("Björklund-Ek=bjorklund-ek Dahlqvist Lövgren=lovgren Sjöstrand=sjostrand Åkerblom=akerblom"),
    ),
    Culture(
        "zh",
        ("Asia/Shanghai", "Asia/Taipei", _EAST),
        3,
        _plain("晓梅=xiaomei 志强=zhiqiang 雨桐=yutong 建国=jianguo 思源=siyuan 文静=wenjing"),
        _plain("欧阳=ouyang 陈=chen 林=lin 周=zhou 司徒=situ 郭=guo"),
        family_first=True,
        joined=True,
    ),
    Culture(
        "ja",
        ("Asia/Tokyo",),
        2,
        _plain("葵=aoi 陽翔=haruto 結衣=yui 蓮=ren 美咲=misaki 大輝=daiki"),
        _plain("青山=aoyama 長谷川=hasegawa 三浦=miura 西園寺=saionji 渡会=watarai"),
        family_first=True,
    ),
    Culture(
        "ar",
        ("Africa/Cairo", "Asia/Dubai", "America/Detroit"),
        2,
        _plain("ليلى=layla يوسف=yusuf سلمى=salma كريم=karim نور=nour طارق=tariq"),
        _plain("الحداد=alhaddad النجار=alnajjar المصري=almasri الخطيب=alkhatib"),
    ),
    Culture(
        "pt-BR",
        ("America/Sao_Paulo", _EAST),
        2,
        _plain("Conceição=conceicao Gonçalo=goncalo Júlia=julia Otávio=otavio Rafaela Thiago"),
        _plain("Alcântara=alcantara Brandão=brandao Figueiró=figueiro Noronha Sequeira"),
    ),
    Culture(
        "ru",
        ("Europe/Riga", "Asia/Almaty", _EAST),
        2,
        _plain("Алина=alina Борис=boris Вера=vera Григорий=grigory Зоя=zoya Лев=lev"),
        _plain("Берёзкина=berezkina Воробей=vorobey Дроздова=drozdova Журавель=zhuravel"),
    ),
    Culture(
        "haw",
        ("Pacific/Honolulu",),
        1,
        _plain("Keʻala=keala Leilani Makoa Noelani"),
        _plain("Kahananui Kealoha Makaʻike=makaike"),
    ),
)
