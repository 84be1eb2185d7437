// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What the two sides of a binding must say alike before it holds.
/// @param anchorRegistry The AnchorRegistry of the log in which the device speaks.
/// @param opener Who opened that log there, or would: the account that anchors it.
/// @param originHash keccak256 of the log's origin, the first line of its checkpoints.
/// @param device keccak256 of the device's URN, `urn:kedge:device:ID`.
/// @param owner The account that the device belongs to.
/// @param keyHash Thumbprint of the key that the device signs with; 0 if it has none.
/// @param certificateHash SHA-256 of the file of its calibration certificate; 0 if it has none.
/// @param openerRotates Whether the opener alone may replace key and certificate from then on; if not, the owner says each replacement too.
/// @param history What `Binding.history` must be when the terms take effect: they count once, and only for what their reader saw.
/// @param validUntil Seconds since 1970, included.
struct Terms {
    address anchorRegistry;
    address opener;
    bytes32 originHash;
    bytes32 device;
    address owner;
    bytes32 keyHash;
    bytes32 certificateHash;
    bool openerRotates;
    bytes32 history;
    uint64 validUntil;
}

/// @notice What a side said of terms by a transaction.
enum Word {
    None,
    Said,
    Withdrawn
}

/// @notice How a device is bound now.
/// @param owner Zero if it is not bound; then the hashes, `boundSince` and `openerRotates` are zero too.
/// @param boundSince Time since which it belongs to this owner without a break, in seconds.
/// @param changedAt Time of the newest change, the end of a binding included; zero if there never was one.
/// @param history Commits to every change there was: `historyAfter` over them, from zero.
struct Binding {
    address owner;
    uint40 boundSince;
    uint40 changedAt;
    bool openerRotates;
    bytes32 keyHash;
    bytes32 certificateHash;
    bytes32 history;
}

/// @title Says to whom a device of a log belongs, and which key and which certificate it has, once the log's opener and the owner both said so.
/// @notice A log is known by the id that an AnchorRegistry gives it, which commits to its opener: whoever sends from the opener's address and shows the rest of the id speaks for the log. The opener says what the
/// device is, the owner that it is theirs. Either may go first, or hand in the other's signature; either may end it alone. Nobody else can do anything.
/// @dev Who owned a device at a time in the past, and which key it had, is in the events; `Binding.history` commits to them, so that whoever lists them cannot leave one out, and each names the time of the one before, so that
/// they are found without searching.
interface IDeviceRegistry {
    /// @notice One side said these terms and the other has not yet. They take effect when the other says the same.
    event Proposed(bytes32 indexed logId, bytes32 indexed device, address indexed side, Terms terms);

    /// @notice One side takes back what it said or signed; it can say it again.
    event Withdrawn(bytes32 indexed logId, bytes32 indexed device, address indexed side, bytes32 digest);

    /// @notice The device is bound like this from here on: newly, or with another key, certificate or rule for them.
    /// @param by Who sent it.
    /// @param time The block's timestamp, in seconds.
    /// @param previousTime Of the change before; zero if this is the first.
    event Bound(
        bytes32 indexed logId,
        bytes32 indexed device,
        address indexed owner,
        bytes32 keyHash,
        bytes32 certificateHash,
        bool openerRotates,
        address by,
        uint40 time,
        uint40 previousTime
    );

    /// @notice The device is bound no more.
    /// @param owner Whose it was.
    event Unbound(bytes32 indexed logId, bytes32 indexed device, address indexed owner, address by, uint40 time, uint40 previousTime);

    /// @notice The chain does not count its time in seconds.
    error TimeNotInSeconds(uint256 timestamp);
    /// @notice Nobody is bound to: a binding ends by `unbind`.
    error OwnerMissing(bytes32 logId, bytes32 device);
    /// @notice Only the log's opener and the owner have a say.
    error NotASide(address caller, address opener, address owner);
    /// @notice The terms were good until `validUntil`.
    error TermsExpired(uint64 validUntil, uint256 time);
    /// @notice The binding has changed since the terms were written, or these terms took effect before.
    error HistoryMoved(bytes32 logId, bytes32 device, bytes32 expected, bytes32 found);
    /// @notice The device belongs to somebody else; that ends first.
    error BoundToAnother(bytes32 logId, bytes32 device, address owner);
    /// @notice These are not the words of that side: another key signed, or the side took them back.
    error NotSigned(address side, bytes32 digest);
    /// @notice The device is not bound.
    error NotBound(bytes32 logId, bytes32 device);
    /// @notice This owner wants to be asked before key or certificate are replaced.
    error OwnerNotAsked(bytes32 logId, bytes32 device, address owner);
    /// @notice Key and certificate are these already, so an earlier transaction has done it.
    error NothingChanges(bytes32 logId, bytes32 device);

    /// @notice Says the terms for the caller, who is the opener or the owner. They take effect if the other side has said the same, and at once where both are one account.
    /// Terms for a device that belongs to this owner already replace its key, certificate and rule.
    /// @return bound Whether they took effect.
    function bind(Terms calldata terms) external returns (bool bound);

    /// @notice The same, with the other side's signature of `digestOf(terms)`: by its key, or by itself if it is a contract. [EIP-712, ERC-1271]
    function bindSigned(Terms calldata terms, bytes calldata signature) external;

    /// @notice Takes back what the caller said of these terms, and what it signed, whether or not anybody has seen it.
    function withdraw(Terms calldata terms) external;

    /// @notice Replaces key and certificate of a device in the caller's own log, where its owner lets the opener do that.
    function rotate(address anchorRegistry, bytes32 originHash, bytes32 device, bytes32 keyHash, bytes32 certificateHash) external;

    /// @notice From here on the owner, who is the caller, wants to be asked before key or certificate are replaced.
    function fixKeys(bytes32 logId, bytes32 device) external;

    /// @notice Ends the binding. The caller is the opener or the owner.
    function unbind(address anchorRegistry, address opener, bytes32 originHash, bytes32 device) external;

    /// @notice How the device of that log is bound now; all zero if it never was.
    function bindingOf(bytes32 logId, bytes32 device) external view returns (Binding memory);

    /// @notice What a side said by a transaction of the terms with this digest, as far as they have not taken effect.
    function wordOf(bytes32 digest, address side) external view returns (Word);

    /// @notice The id that the AnchorRegistry gives the log: `keccak256(abi.encode(chain id, registry, opener, originHash))`.
    function logIdOf(address anchorRegistry, address opener, bytes32 originHash) external view returns (bytes32);

    /// @notice What a side signs: the EIP-712 digest of `DeviceBinding(address anchorRegistry,address opener,string origin,string device,address owner,bytes32 keyHash,bytes32 certificateHash,bool openerRotates,bytes32 history,uint64 validUntil)`.
    /// A wallet shows origin and URN as text; only their hashes come here.
    function digestOf(Terms calldata terms) external view returns (bytes32);

    /// @notice EIP-712 domain: name "Kedge Device Registry", version "1", this chain, this contract.
    function domainSeparator() external view returns (bytes32);

    /// @notice The history after one more change: `keccak256(abi.encode(history, logId, device, owner, keyHash, certificateHash, openerRotates, by, time))`, with owner, hashes and rule as they are then, zero after an end.
    function historyAfter(
        bytes32 history,
        bytes32 logId,
        bytes32 device,
        address owner,
        bytes32 keyHash,
        bytes32 certificateHash,
        bool openerRotates,
        address by,
        uint40 time
    ) external pure returns (bytes32);
}
